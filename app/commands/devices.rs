//! `otherglass devices`: the cameras and microphones there are, by the numbers and names that flags take.

use anyhow::Result;
use otherglass_speech::microphone::list_microphones;
use otherglass_vision::list_cameras;

pub fn devices() -> Result<()> {
    let cameras = list_cameras()?;
    if cameras.is_empty() {
        crate::outln!("No camera found. Plug one in (in a container or virtual machine, pass /dev/video0 through),");
        crate::outln!("or use a clip as one: otherglass --camera path/to/clip.mp4");
    } else {
        crate::outln!("Cameras (otherglass --camera INDEX or a part of the NAME):");
        for camera in cameras {
            crate::outln!("  {:>2}  {}  ({})", camera.index, camera.name, camera.detail);
        }
    }
    match list_microphones() {
        Ok(microphones) if microphones.is_empty() => {
            crate::outln!(
                "No microphone found. Plug one in, and check that the system's sound settings show it as an input."
            );
        }
        Ok(microphones) => {
            crate::outln!("Microphones:");
            for microphone in microphones {
                let mark = if microphone.is_default { "  (the system's choice)" } else { "" };
                crate::outln!("  {:>2}  {}{mark}", microphone.index, microphone.name);
            }
        }
        Err(error) => crate::outln!("No microphone: {error}"),
    }
    Ok(())
}
