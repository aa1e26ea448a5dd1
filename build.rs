//! Links `packaging/static/name_resolution.c` into a static program; any other build needs nothing from here.

#![expect(clippy::disallowed_methods, reason = "what cargo says of the target comes in variables")]

use std::env;

fn main() {
    let source = "packaging/static/name_resolution.c";
    println!("cargo::rerun-if-changed={source}");
    let target_features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    let is_static = target_features.split(',').any(|feature| feature == "crt-static");
    if is_static && env::var("CARGO_CFG_TARGET_ENV").is_ok_and(|environment| environment == "gnu") {
        for object in cc::Build::new().file(source).compile_intermediates() {
            println!("cargo::rustc-link-arg-bins={}", object.display());
        }
    }
}
