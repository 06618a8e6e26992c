//! Cookies bring tokens only where origins are listed, and only from pages of these or of the hub.

use harness::Hub;
use reqwest::RequestBuilder;

use super::{SECRET, guarded, invalid_token, missing_token, outcome, pass, poll};

const PAGE: &str = "https://page.example";

async fn start() -> Hub {
    guarded().setting("CORS_ORIGINS", PAGE).start().await
}

fn with_cookie(request: RequestBuilder, origin: Option<&str>, site: Option<&str>) -> RequestBuilder {
    let request = request.header("Cookie", format!("theme=dark; cyclone_token={}", pass()));
    let request = match origin {
        Some(origin) => request.header("Origin", origin),
        None => request,
    };
    match site {
        Some(site) => request.header("Sec-Fetch-Site", site),
        None => request,
    }
}

#[tokio::test]
async fn pages_of_listed_origins_and_of_the_hub_are_let_in_by_cookie() {
    let hub = start().await;
    let own = hub.url("");
    for (origin, site) in [
        (Some(PAGE), None),
        (Some(PAGE), Some("cross-site")),
        (Some(own.as_str()), Some("same-origin")),
        (None, Some("same-origin")),
        (None, Some("none")),
        (None, None),
    ] {
        for channels in ["a", "a,b"] {
            let request = with_cookie(poll(&hub, channels), origin, site);
            assert_eq!(outcome(request).await.0, 200, "{origin:?} {site:?}");
        }
    }
}

#[tokio::test]
async fn behind_a_proxy_that_ends_tls_the_hubs_own_pages_are_those_of_https() {
    let hub = start().await;
    for (protocol, status) in [(Some("https"), 200), (Some("http"), 401), (None, 401)] {
        let request = with_cookie(poll(&hub, "a"), Some("https://hub.example"), None).header("Host", "hub.example");
        let request = match protocol {
            Some(protocol) => request.header("X-Forwarded-Proto", protocol),
            None => request,
        };
        assert_eq!(outcome(request).await.0, status, "{protocol:?}");
    }
}

#[tokio::test]
async fn pages_of_strangers_are_not() {
    let hub = start().await;
    for (origin, site) in [
        (Some("https://evil.example"), None),
        (Some("https://evil.example"), Some("same-origin")),
        (Some("https://page.example.evil"), Some("cross-site")),
        (Some("http://page.example"), None),
        (Some("null"), None),
        (None, Some("cross-site")),
        (None, Some("same-site")),
    ] {
        let request = with_cookie(poll(&hub, "a"), origin, site);
        assert_eq!(outcome(request).await, missing_token(), "{origin:?} {site:?}");
        let request = with_cookie(hub.get("/?channels=a"), origin, site);
        assert_eq!(outcome(request).await, missing_token(), "{origin:?} {site:?}");
    }
    let request = with_cookie(poll(&hub, "a"), Some("https://evil.example"), None).bearer_auth(pass());
    assert_eq!(outcome(request).await.0, 200, "what a page itself brings is its own");
}

#[tokio::test]
async fn where_every_page_may_read_no_cookie_counts() {
    let hub = guarded().start().await;
    for site in [None, Some("same-origin")] {
        assert_eq!(outcome(with_cookie(poll(&hub, "a"), None, site)).await, missing_token());
    }
}

#[tokio::test]
async fn the_cookie_has_the_name_that_the_setting_gives_it_and_comes_last() {
    let hub = guarded().setting("CORS_ORIGINS", PAGE).setting("JWT_COOKIE", "__Host-hub").start().await;
    let cookie = |name: &str, value: &str| poll(&hub, "a").header("Cookie", format!("{name}={value}"));
    assert_eq!(outcome(cookie("__Host-hub", &pass())).await.0, 200);
    assert_eq!(outcome(cookie("cyclone_token", &pass())).await, missing_token());
    assert_eq!(outcome(cookie("__Host-hub", "")).await, missing_token());
    assert_eq!(outcome(cookie("__Host-hub", SECRET)).await, invalid_token());
    let both = cookie("__Host-hub", &pass()).query(&[("access_token", "garbage")]);
    assert_eq!(outcome(both).await, invalid_token());
}
