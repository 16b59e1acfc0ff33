//! `otherglass devices`: the cameras there are, by the numbers and names that `--camera` takes.

use anyhow::Result;
use otherglass_vision::list_cameras;

pub fn devices() -> Result<()> {
    let cameras = list_cameras()?;
    if cameras.is_empty() {
        println!("No camera found. Plug one in (in a container or virtual machine, pass /dev/video0 through),");
        println!("or use a clip as one: otherglass --camera path/to/clip.mp4");
        return Ok(());
    }
    println!("Cameras (otherglass --camera INDEX or a part of the NAME):");
    for camera in cameras {
        println!("  {:>2}  {}  ({})", camera.index, camera.name, camera.detail);
    }
    Ok(())
}
