//! The query of an address, which need not be one that `url::Url` takes: clients name hosts as they like.

/// What follows the question mark, still URL-encoded; empty without one.
pub fn query_of(url: &str) -> &str {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    url.split_once('?').map_or("", |(_, query)| query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_between_question_mark_and_fragment() {
        for (url, query) in
            [("http://a/", ""), ("http://a/?b=1?c", "b=1?c"), ("http://a/?b#?c", "b"), ("http://a/#?c", "")]
        {
            assert_eq!(query_of(url), query, "{url}");
        }
    }
}
