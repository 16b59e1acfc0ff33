//! The emulated device of this module's tests.

use std::sync::{Arc, LazyLock};

use otherglass_kernels::Emulated;
use otherglass_kernels::emulated::compile;

/// One for all tests, since its library takes a while to compile; or why there can be none here.
pub fn device() -> Result<Arc<Emulated>, &'static str> {
    static DEVICE: LazyLock<Result<Arc<Emulated>, String>> = LazyLock::new(|| {
        // The folder goes when the library has been opened; what was opened stays.
        let folder = tempfile::tempdir().expect("folder");
        let library = compile(folder.path(), "kernels.so", &[])?;
        Ok(Arc::new(Emulated::open(&library, 5).expect("emulator")))
    });
    DEVICE.as_ref().map(Arc::clone).map_err(String::as_str)
}
