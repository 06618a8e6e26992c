//! What a response that is no event stream means, and what is known of the token that it may be about.

/// The longest time that `Retry-After` is heeded for, in milliseconds.
const MAX_AFTER_MS: f64 = 300_000.0;

/// What is known of the token, or of the cookie, that a stream shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Token {
    /// There is none that may be good: the page is asked before the next request.
    #[default]
    Wanted,
    /// The page was asked for the request that is under way.
    Fresh,
    /// A request was made with it. It may have expired since.
    Used,
}

/// What to do after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Come again with another token.
    Renew,
    /// Come again later.
    Later,
    /// Nothing: it is final.
    End,
}

impl Token {
    /// The token after a request that was not refused for it.
    pub(super) fn used(self) -> Self {
        if self == Self::Fresh { Self::Used } else { self }
    }
}

/// What a status means, with the time that `Retry-After` names, in milliseconds, NaN for none, and with the token that
/// was shown, if any.
///
/// To the standard's event source every status but 200 is final. A hub that is busy is not, nor is any server that says
/// when to come again; and a token that was good once may just have expired. One that the page was asked for just now has not.
pub(super) fn next(status: f64, after_ms: f64, is_hub: bool, token: Option<Token>) -> Next {
    let is_busy = status == 429.0 || status == 503.0;
    if status == 401.0 && token == Some(Token::Used) {
        Next::Renew
    } else if is_hub && (is_busy || status >= 500.0) || is_busy && after_ms >= 0.0 {
        Next::Later
    } else {
        Next::End
    }
}

/// The time to wait at least where `Retry-After` names one, in milliseconds: up to half as long again, by `random` from
/// 0 to 1.
pub(super) fn heed(after_ms: f64, random: f64) -> f64 {
    // NaN counts as nothing.
    after_ms.clamp(0.0, MAX_AFTER_MS).max(0.0) * (1.0 + random / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: f64 = f64::NAN;

    #[test]
    fn a_token_that_was_good_once_is_renewed_and_one_that_is_new_is_not() {
        for (status, token, expected) in [
            (401.0, Some(Token::Used), Next::Renew),
            (401.0, Some(Token::Fresh), Next::End),
            (401.0, None, Next::End),
            (403.0, Some(Token::Used), Next::End),
        ] {
            for is_hub in [true, false] {
                assert_eq!(next(status, NONE, is_hub, token), expected, "{status} {token:?}");
            }
        }
        assert_eq!(Token::Fresh.used(), Token::Used);
        assert_eq!(Token::Wanted.used(), Token::Wanted);
    }

    #[test]
    fn a_hub_that_is_busy_is_come_back_to() {
        for (status, expected) in [
            (429.0, Next::Later),
            (500.0, Next::Later),
            (503.0, Next::Later),
            (200.0, Next::End),
            (400.0, Next::End),
            (404.0, Next::End),
        ] {
            assert_eq!(next(status, NONE, true, None), expected, "{status}");
        }
    }

    #[test]
    fn any_server_that_says_when_to_come_again_is_come_back_to() {
        for (status, after_ms, expected) in [
            (503.0, 1_000.0, Next::Later),
            (429.0, 0.0, Next::Later),
            (503.0, NONE, Next::End),
            (503.0, -1.0, Next::End),
            (500.0, 1_000.0, Next::End),
            (301.0, 1_000.0, Next::End),
        ] {
            assert_eq!(next(status, after_ms, false, None), expected, "{status} {after_ms}");
        }
    }

    #[test]
    fn no_server_can_send_a_listener_away_for_long() {
        for (after_ms, random, ms) in [
            (2_000.0, 0.0, 2_000.0),
            (2_000.0, 1.0, 3_000.0),
            (86_400_000.0, 0.0, 300_000.0),
            (f64::INFINITY, 1.0, 450_000.0),
            (-5.0, 1.0, 0.0),
            (NONE, 0.5, 0.0),
        ] {
            assert_eq!(heed(after_ms, random), ms, "{after_ms}");
        }
    }
}
