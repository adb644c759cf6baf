//! Posts, and where they are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use shared::error::{Code, Error};
use shared::ids::UserId;
use shared::own::{Attachment, Id, Mark, OwnItem, ParsePartitionError, Partition, Stored};

use crate::App;
use crate::like::Like;

/// How many pictures a post may have: as many as the picture chooser gives at once.
pub(crate) const MAX_PICTURES: usize = 9;
/// How many characters a post may have. WeChat checks texts of up to 2,500.
const MAX_TEXT: usize = 1000;
/// Among how many partitions the posts are spread, by their authors. It cannot be changed once
/// there are posts: their ids name the partition.
const PARTITIONS: u8 = 4;

/// What a person posts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Post {
    /// What they say; empty if they show pictures alone.
    pub(crate) text: String,
    /// The uploads that they show.
    pub(crate) pictures: Vec<Attachment>,
}

impl OwnItem for Post {
    const KIND: &'static str = "feed-posts";
    const MARKS: &'static [&'static str] = &[Like::KIND];

    fn text_to_check(&self) -> Option<String> {
        Some(self.text.clone())
    }
}

/// The partitions of the posts, by number.
pub(crate) fn partitions() -> Result<Vec<Partition>, ParsePartitionError> {
    let names = (0..PARTITIONS).map(|number| format!("posts.{number}"));
    names.map(|name| name.parse()).collect()
}

/// Names a post: the number of its partition, a hyphen, and the item's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PostId {
    partition: u8,
    pub(crate) item: Id<Post>,
}

/// The text is no id of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParsePostIdError;

impl fmt::Display for ParsePostIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be the id of a post")
    }
}

impl PostId {
    pub(crate) fn of(post: &Stored<Post>) -> Self {
        Self {
            partition: number(&post.owner),
            item: post.id,
        }
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.partition, self.item)
    }
}

impl FromStr for PostId {
    type Err = ParsePostIdError;

    fn from_str(text: &str) -> Result<Self, ParsePostIdError> {
        let (partition, item) = text.split_once('-').ok_or(ParsePostIdError)?;
        let number = (0..PARTITIONS).find(|number| number.to_string() == partition);
        Ok(Self {
            partition: number.ok_or(ParsePostIdError)?,
            item: item.parse().map_err(|_| ParsePostIdError)?,
        })
    }
}

/// In which partition a person's posts are. User ids are hashes, so that their ends are as good as random.
fn number(author: &UserId) -> u8 {
    author.as_str().bytes().last().unwrap_or_default() % PARTITIONS
}

impl App {
    /// Where a person's posts are.
    pub(crate) fn partition_of(&self, author: &UserId) -> Result<&Partition, Error> {
        self.numbered(number(author))
    }

    /// Where a post is.
    pub(crate) fn partition(&self, post: PostId) -> Result<&Partition, Error> {
        self.numbered(post.partition)
    }

    fn numbered(&self, number: u8) -> Result<&Partition, Error> {
        let partition = self.partitions.get(usize::from(number));
        partition.ok_or_else(|| Error::new(Code::NotFound))
    }
}

/// What a person may say: up to a thousand characters, over several lines.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PostText(pub(crate) String);

impl FromStr for PostText {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.chars().count() > MAX_TEXT {
            return Err("must have 1000 characters at most");
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err("must have no control characters but line feeds");
        }
        Ok(Self(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_has_one_name() {
        let name = "3-01jz0000000000400000000000";
        let id: PostId = name.parse().unwrap();
        assert_eq!(id.to_string(), name);
        for other in [
            "",
            "3",
            "4-01jz0000000000400000000000",
            "03-01jz0000000000400000000000",
            "3-me",
        ] {
            assert_eq!(other.parse::<PostId>(), Err(ParsePostIdError), "{other}");
        }
    }

    #[test]
    fn a_text_may_have_several_lines_and_a_thousand_characters() {
        assert_eq!(" a\nb ".parse(), Ok(PostText("a\nb".to_owned())));
        assert!("\u{4f60}".repeat(1000).parse::<PostText>().is_ok());
        for text in ["x".repeat(1001), "a\u{0}b".to_owned(), "a\tb".to_owned()] {
            assert!(text.parse::<PostText>().is_err());
        }
    }
}
