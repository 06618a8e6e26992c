//! Who listens to what, and where it is published.

use super::Options;

/// What the second channel of each listener is, in turn, in the mix `classic`.
const CLASSIC: [&str; 4] = ["base", "extras", "cats", "dogs"];

/// All listeners to be. Each hears at most one of the channels that are published to.
#[derive(Debug)]
pub(super) struct Crowd {
    groups: Vec<Vec<String>>,
    published: Vec<String>,
}

impl Crowd {
    pub(super) fn new(options: &Options) -> Self {
        Self::of(options.channels, options.publish_to.as_deref())
    }

    fn of(channels: Option<usize>, publish_to: Option<&str>) -> Self {
        let name = |text: &str| text.to_owned();
        let groups: Vec<Vec<String>> = match channels {
            Some(channels) => (0..channels).map(|index| vec![format!("load-{index}")]).collect(),
            None => CLASSIC.iter().map(|second| vec![name("general"), name(second)]).collect(),
        };
        let published = match (publish_to, channels) {
            (Some(channel), _) => vec![name(channel)],
            (None, Some(_)) => groups.concat(),
            (None, None) => vec![name("general")],
        };
        Self { groups, published }
    }

    /// The channels that are published to, in turn.
    pub(super) fn published(&self) -> &[String] {
        &self.published
    }

    /// What a listener listens to.
    pub(super) fn channels_of(&self, listener: usize) -> &[String] {
        self.groups.get(listener % self.groups.len()).map_or(&[], Vec::as_slice)
    }

    /// Which of the channels that are published to a listener hears.
    pub(super) fn hears(&self, listener: usize) -> Option<usize> {
        let channels = self.channels_of(listener);
        self.published.iter().position(|published| channels.contains(published))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_classic_mix_has_a_channel_in_common_and_one_of_four() {
        let crowd = Crowd::of(None, None);
        assert_eq!(crowd.published(), ["general"]);
        assert_eq!(crowd.channels_of(0), ["general", "base"]);
        assert_eq!(crowd.channels_of(7), ["general", "dogs"]);
        assert_eq!(crowd.hears(3), Some(0));
    }

    #[test]
    fn of_several_channels_each_listener_has_one() {
        let crowd = Crowd::of(Some(3), None);
        assert_eq!(crowd.published(), ["load-0", "load-1", "load-2"]);
        assert_eq!(crowd.channels_of(4), ["load-1"]);
        assert_eq!(crowd.hears(4), Some(1));
    }

    #[test]
    fn one_channel_can_be_published_to_which_only_some_hear() {
        let crowd = Crowd::of(None, Some("cats"));
        assert_eq!((0..4).map(|listener| crowd.hears(listener)).collect::<Vec<_>>(), [None, None, Some(0), None]);
        assert_eq!(Crowd::of(Some(2), Some("elsewhere")).hears(0), None);
    }
}
