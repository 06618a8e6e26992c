//! Where a listener's connection arrives.

use worker::{Request, js_sys::Reflect, wasm_bindgen::JsValue};

/// A place of the platform's network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its name, such as `fra`; `local` where the runtime tells none.
    pub(super) name: String,
    /// The region in which objects for it are best made, as the platform calls it.
    pub(super) location_hint: Option<&'static str>,
}

impl Place {
    pub(super) fn of(request: &Request) -> Self {
        // Read by hand: `Cf::colo` ends the isolate where the runtime gives a `cf` without it.
        let field = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).ok();
        let cf = field(request.inner(), "cf").filter(JsValue::is_object);
        let text = |name: &str| cf.as_ref().and_then(|cf| field(cf, name)).and_then(|value| value.as_string());
        let name = text("colo").filter(|colo| !colo.is_empty()).unwrap_or_else(|| "local".to_owned()).to_lowercase();
        let longitude = text("longitude").and_then(|longitude| longitude.parse().ok());
        let location_hint = text("continent").and_then(|continent| location_hint(&continent, longitude));
        Self { name, location_hint }
    }
}

/// The location hint for a continent. (Cloudflare's documentation of Durable Objects, "Data location".)
fn location_hint(continent: &str, longitude: Option<f64>) -> Option<&'static str> {
    let is_west = |boundary: f64| longitude.is_some_and(|longitude| longitude < boundary);
    Some(match continent {
        "AF" => "afr",
        // The Middle East ends about where Iran does.
        "AS" if is_west(63.0) => "me",
        "AS" => "apac",
        // About the border between Germany and Poland.
        "EU" if is_west(15.0) => "weur",
        "EU" => "eeur",
        // About the Mississippi.
        "NA" if is_west(-92.0) => "wnam",
        "NA" => "enam",
        "OC" => "oc",
        "SA" => "sam",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_made_on_the_continent_of_their_listeners() {
        for (continent, longitude, hint) in [
            ("EU", Some(8.6), Some("weur")),
            ("EU", Some(21.0), Some("eeur")),
            ("NA", Some(-122.4), Some("wnam")),
            ("NA", Some(-74.0), Some("enam")),
            ("NA", None, Some("enam")),
            ("AS", Some(55.3), Some("me")),
            ("AS", Some(139.7), Some("apac")),
            ("AF", Some(28.0), Some("afr")),
            ("OC", Some(151.2), Some("oc")),
            ("SA", Some(-46.6), Some("sam")),
            ("AN", Some(0.0), None),
            ("", None, None),
        ] {
            assert_eq!(location_hint(continent, longitude), hint, "{continent} {longitude:?}");
        }
    }
}
