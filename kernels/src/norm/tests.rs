use super::*;
use crate::device::DeviceId;

#[test]
fn what_the_kernels_cannot_hold_is_refused() {
    assert!(Norm::group(10, 12, 4).check().is_err(), "12 is no multiple of 8");
    assert!(Norm::group(10, 16, 3).check().is_err(), "3 does not divide 16");
    assert!(Norm::layer(10, 2056).check().is_err(), "more than fits the registers");
    let norm = Norm::group(10, 16, 4);
    let memory = Span::of_memory(DeviceId::new(), 1 << 20, 1 << 16);
    let (x, values) = (memory.part(0, 160).expect("inside"), memory.part(0, 16).expect("inside"));
    let partial = Some(memory.part(0, norm.partial_len()).expect("inside"));
    let mut buffers = NormBuffers { x, gamma: values, beta: values, film: None, out: x, partial };
    let names = |launches: Vec<Launch>| launches.iter().map(Launch::function).collect::<Vec<_>>();
    let launches = norm.launches(&buffers, &Facts::assumed()).expect("fits");
    assert_eq!(names(launches), ["group_norm_statistics", "group_norm_apply"]);
    buffers.partial = Some(memory.part(0, norm.partial_len() - 1).expect("inside"));
    assert!(norm.launches(&buffers, &Facts::assumed()).is_err());
}

#[test]
fn slabs_of_pixels_cover_them_all() {
    for pixels in [1, 8, 9, 63, 64, 65, 511, 513, 4096, 196_608] {
        let norm = Norm::group(pixels, 8, 1);
        let each = pixels.div_ceil(norm.slabs());
        assert!(each * norm.slabs() >= pixels && norm.slabs() <= MOST_SLABS);
    }
}
