//! What is random: the platform's own.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill(bytes: &mut [u8]);

    /// A name that no other has.
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    pub(super) fn unique() -> String;
}

/// An integer of 32 bits that nobody can foresee.
pub(super) fn entropy() -> u32 {
    let mut bytes = [0; 4];
    fill(&mut bytes);
    u32::from_ne_bytes(bytes)
}
