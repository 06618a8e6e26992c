//! Where a request shows its key or token.

use cyclone_edge_platform::query_of;
use cyclone_edge_protocol::pairs;
use worker::{Request, Url};

use crate::{config::CorsOrigins, error::Error};

/// What follows `Authorization: Bearer`.
pub(super) fn bearer(request: &Request) -> Result<Option<String>, Error> {
    let authorization = request.headers().get("Authorization")?;
    Ok(authorization.as_deref().and_then(of_scheme).map(str::to_owned))
}

/// RFC 6750, section 2.1; the scheme is compared without regard to case (RFC 9110, section 11.1).
fn of_scheme(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// A listener's token: from the header, from the query (RFC 6750, section 2.3: the browsers' EventSource sends no headers),
/// or from the cookie of this name. The first that is there is the one that counts.
pub(super) fn token(request: &Request, cookie: Option<&str>, cors: &CorsOrigins) -> Result<Option<String>, Error> {
    if let Some(token) = bearer(request)? {
        return Ok(Some(token));
    }
    let url = request.inner().url();
    if let Some(token) = of_query(&url)? {
        return Ok(Some(token));
    }
    let headers = request.headers();
    let (Some(name), CorsOrigins::Listed(listed)) = (cookie, cors) else { return Ok(None) };
    let (origin, site) = (headers.get("Origin")?, headers.get("Sec-Fetch-Site")?);
    if !is_of_own_pages(origin.as_deref(), site.as_deref(), &url, listed) {
        return Ok(None);
    }
    Ok(headers.get("Cookie")?.as_deref().and_then(|cookies| of_cookies(cookies, name)).map(str::to_owned))
}

fn of_query(url: &str) -> Result<Option<String>, Error> {
    let token = pairs(query_of(url).as_bytes())
        .find(|pair| pair.name == "access_token")
        .map(|pair| pair.value())
        .transpose()?;
    Ok(token.filter(|token| !token.is_empty()))
}

/// Whether a request comes from a page of a listed origin, of the hub's own, or from no page of another: a browser sends
/// cookies also where a page of strangers asks. Browsers that say nothing of either send no page's `fetch` to another
/// origin without `Origin`.
pub(crate) fn is_of_own_pages(origin: Option<&str>, site: Option<&str>, url: &str, listed: &[String]) -> bool {
    match (origin, site) {
        (Some(origin), _) => {
            let is_own = || Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == origin);
            listed.iter().any(|listed| listed == origin) || (origin != "null" && is_own())
        }
        (None, site) => matches!(site, None | Some("same-origin" | "none")),
    }
}

/// RFC 6265, section 4.2.1.
fn of_cookies<'a>(cookies: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, value)| *found == name && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_the_scheme() {
        assert_eq!(of_scheme("Bearer k"), Some("k"));
        assert_eq!(of_scheme("bearer  k "), Some("k"));
        assert_eq!(of_scheme("Basic k"), None);
        assert_eq!(of_scheme("k"), None);
    }

    #[test]
    fn a_token_is_found_in_the_query() {
        let token = |url: &str| of_query(url).ok().flatten();
        assert_eq!(token("http://hub/?channels=a&access_token=a.b-_.c#d").as_deref(), Some("a.b-_.c"));
        for url in ["http://hub/", "http://hub/?access_token=", "http://hub/?token=t", "http://hub/#?access_token=t"] {
            assert_eq!(token(url), None, "{url}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        for cookies in ["t=1", "a=b; t=1", "a=b;t=1;t=2", " xt=3; t=1", "T=2; t=; t=1"] {
            assert_eq!(of_cookies(cookies, "t"), Some("1"), "{cookies}");
        }
        for cookies in ["", "t", "t=", "xt=1", "tx=1"] {
            assert_eq!(of_cookies(cookies, "t"), None, "{cookies}");
        }
        assert_eq!(of_cookies("t=a=b", "t"), Some("a=b"));
    }

    #[test]
    fn cookies_of_strangers_pages_do_not_count() {
        let listed = ["https://page.example".to_owned()];
        let is_taken = |origin, site| is_of_own_pages(origin, site, "https://hub.example/?channels=a", &listed);
        for (origin, site) in [
            (Some("https://page.example"), None),
            (Some("https://page.example"), Some("cross-site")),
            (Some("https://hub.example"), Some("same-origin")),
            (None, None),
            (None, Some("same-origin")),
            (None, Some("none")),
        ] {
            assert!(is_taken(origin, site), "{origin:?} {site:?}");
        }
        for (origin, site) in [
            (Some("https://evil.example"), None),
            (Some("https://evil.example"), Some("same-origin")),
            (Some("https://page.example.evil"), None),
            (Some("http://page.example"), None),
            (Some("http://hub.example"), None),
            (Some("null"), None),
            (Some(""), None),
            (None, Some("cross-site")),
            (None, Some("same-site")),
            (None, Some("anything")),
        ] {
            assert!(!is_taken(origin, site), "{origin:?} {site:?}");
        }
        assert!(!is_of_own_pages(Some("null"), None, "data:text/plain,", &listed), "an opaque origin is nobody's");
    }
}
