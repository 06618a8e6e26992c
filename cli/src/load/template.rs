//! The addresses and bodies of requests, with places to fill in: so that other servers can be measured as the hub is.

use reqwest::Url;

/// The address that a listener asks for.
#[derive(Clone, Debug)]
pub(super) struct SubscribeTemplate(String);

/// What a publisher posts, and where to.
#[derive(Clone, Debug)]
pub(super) struct PublishTemplate {
    url: String,
    body: Option<String>,
}

impl SubscribeTemplate {
    pub(super) fn new(url: String) -> Self {
        Self(url)
    }

    pub(super) fn address(&self, channels: &[String]) -> String {
        let names: Vec<String> = channels.iter().map(|channel| encoded(channel)).collect();
        self.0.replace("{channels}", &names.join(","))
    }
}

impl PublishTemplate {
    /// Without a body, the form that the hub takes.
    pub(super) fn new(url: String, body: Option<String>) -> Self {
        Self { url, body }
    }

    pub(super) fn address(&self, channel: &str, message: &str) -> String {
        self.url.replace("{channel}", &encoded(channel)).replace("{message}", &encoded(message))
    }

    pub(super) fn body(&self, channel: &str, message: &str) -> String {
        match &self.body {
            Some(body) => body.replace("{channel}", channel).replace("{message}", message),
            None => format!("channel={}&message={}", encoded(channel), encoded(message)),
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match &self.body {
            Some(body) if body.starts_with("{\"") => "application/json",
            Some(_) => "text/plain",
            None => "application/x-www-form-urlencoded",
        }
    }
}

/// A text as a part of a path or a query.
fn encoded(text: &str) -> String {
    Url::parse_with_params("any:", [(text, "")])
        .ok()
        .and_then(|url| Some(url.query()?.trim_end_matches('=').replace('+', "%20")))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(channels: &[&str]) -> Vec<String> {
        channels.iter().map(|&channel| channel.to_owned()).collect()
    }

    #[test]
    fn listeners_name_their_channels_with_commas_between() {
        let template = SubscribeTemplate::new("http://host/sub/{channels}?a=b".to_owned());
        assert_eq!(template.address(&names(&["general", "cats"])), "http://host/sub/general,cats?a=b");
        assert_eq!(template.address(&names(&["a b", "c=d&e/é="])), "http://host/sub/a%20b,c%3Dd%26e%2F%C3%A9%3D?a=b");
    }

    #[test]
    fn the_hub_is_posted_a_form() {
        let template = PublishTemplate::new("http://host/publish".to_owned(), None);
        assert_eq!(template.address("cats", "run 1"), "http://host/publish");
        assert_eq!(template.body("cats & dogs", "run 1 xx"), "channel=cats%20%26%20dogs&message=run%201%20xx");
        assert_eq!(template.content_type(), "application/x-www-form-urlencoded");
    }

    #[test]
    fn others_are_posted_what_they_take() {
        let plain = PublishTemplate::new("http://host/pub/{channel}".to_owned(), Some("{message}".to_owned()));
        assert_eq!(plain.address("cats", "run 1"), "http://host/pub/cats");
        assert_eq!((plain.body("cats", "run 1"), plain.content_type()), ("run 1".to_owned(), "text/plain"));
        let json = PublishTemplate::new(
            "http://host/api".to_owned(),
            Some(r#"{"to":"{channel}","data":"{message}"}"#.to_owned()),
        );
        assert_eq!(json.body("cats", "run 1"), r#"{"to":"cats","data":"run 1"}"#);
        assert_eq!(json.content_type(), "application/json");
    }
}
