//! The example `examples/feed`, which is deployed nowhere.

use serde_json::{Value, json};
use shared::telemetry::Telemetry;

use crate::api::Call;
use crate::{Answer, Api, Session, World};

/// The feed, and what people ask it for.
#[derive(Clone, Debug)]
pub struct Feed(pub Api);

impl World {
    /// An environment of the feed, in this world.
    pub async fn feed(&self) -> Feed {
        let telemetry = Telemetry::writing_to("feed", self.clock.clone(), |_| {});
        Feed(Api(feed::router(
            self.build_unnoted(telemetry, feed::App::build).await,
        )))
    }
}

impl Feed {
    /// Posts what `body` says.
    pub fn send(&self, author: &Session, body: &Value) -> Call {
        self.0.post("/v1/posts", body).bearer(&author.token)
    }

    /// Posts a text, and returns the post's id.
    pub async fn post(&self, author: &Session, text: &str) -> String {
        let sent = self.send(author, &json!({"text": text})).await;
        sent.expect(201).text("id")
    }

    /// A post.
    pub fn read(&self, reader: &Session, post: &str) -> Call {
        self.0
            .get(&format!("/v1/posts/{post}"))
            .bearer(&reader.token)
    }

    /// A page of the newest posts; `query` may be empty.
    pub async fn page(&self, reader: &Session, query: &str) -> Answer {
        let page = self.0.get(&format!("/v1/posts{query}"));
        page.bearer(&reader.token).await
    }

    /// The texts of the newest posts.
    pub async fn texts(&self, reader: &Session) -> Vec<String> {
        let page = self.page(reader, "").await.expect(200);
        let items = page.items().iter();
        let texts = items.map(|post| post["text"].as_str().unwrap_or_default().to_owned());
        texts.collect()
    }

    /// Deletes a post.
    pub fn delete(&self, by: &Session, post: &str) -> Call {
        self.0
            .delete(&format!("/v1/posts/{post}"))
            .bearer(&by.token)
    }

    /// Likes a post.
    pub fn like(&self, by: &Session, post: &str) -> Call {
        let like = self.0.call(http::Method::PUT, &like_of(post));
        like.bearer(&by.token)
    }

    /// Likes a post no longer.
    pub fn unlike(&self, by: &Session, post: &str) -> Call {
        self.0.delete(&like_of(post)).bearer(&by.token)
    }

    /// How many like a post, and whether the reader does.
    pub async fn likes(&self, reader: &Session, post: &str) -> (u64, bool) {
        let post = self.read(reader, post).await.expect(200).json;
        let (likes, liked) = (post["likes"].as_u64(), post["liked"].as_bool());
        (likes.expect("a number"), liked.expect("yes or no"))
    }

    /// Blocks somebody.
    pub fn block(&self, by: &Session, user: &str) -> Call {
        let block = self
            .0
            .call(http::Method::PUT, &format!("/v1/blocks/{user}"));
        block.bearer(&by.token)
    }

    /// Blocks somebody no longer.
    pub fn unblock(&self, by: &Session, user: &str) -> Call {
        self.0
            .delete(&format!("/v1/blocks/{user}"))
            .bearer(&by.token)
    }

    /// Reports a post.
    pub fn report(&self, by: &Session, post: &str, reason: &str) -> Call {
        let path = format!("/v1/posts/{post}/reports");
        let report = self.0.post(&path, &json!({"reason": reason}));
        report.bearer(&by.token)
    }
}

fn like_of(post: &str) -> String {
    format!("/v1/posts/{post}/like")
}
