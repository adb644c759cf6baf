//! Posts as a reader is shown them.

use std::collections::BTreeSet;

use futures_util::future::try_join3;
use serde::Serialize;
use shared::api::upload::UploadResponse;
use shared::auth::Caller;
use shared::error::{Code, Error};
use shared::ids::UserId;
use shared::moderation::TextStatus;
use shared::own::{Attached, OwnError, Stored, Tally, Visibility};

use crate::App;
use crate::block;
use crate::post::{Post, PostId};

/// A post in responses.
#[derive(Debug, Serialize)]
pub(crate) struct PostResponse {
    id: String,
    /// Whom `GET /v1/profiles` knows.
    author: String,
    text: String,
    /// `ready`; to its author also `checking`, `review` or `rejected`.
    status: &'static str,
    /// Those that the reader may see.
    pictures: Vec<UploadResponse>,
    likes: u64,
    liked: bool,
    is_mine: bool,
    created_at: String,
}

/// Of these posts, those that the caller is shown: nothing between people one of whom has blocked the other. All that is
/// asked beside the posts is asked at the same time.
pub(crate) async fn all(
    app: &App,
    caller: &Caller,
    posts: Vec<Stored<Post>>,
) -> Result<Vec<PostResponse>, Error> {
    if posts.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = posts.iter().map(|post| post.id).collect();
    let attached: Vec<_> = posts.iter().map(attached).collect();
    let (blocked, tallies, pictures) = try_join3(
        blocked(app, caller, &posts),
        app.likes.tally(caller, &ids),
        app.attachments.show(caller, &attached),
    )
    .await?;
    let posts = posts.iter().zip(tallies).zip(pictures);
    let seen = posts.filter(|((post, _), _)| !blocked.contains(&post.owner));
    Ok(seen
        .map(|((post, tally), pictures)| shown(post, caller, tally, pictures))
        .collect())
}

/// A post, if the caller is shown it.
pub(crate) async fn visible(app: &App, caller: &Caller, id: PostId) -> Result<Stored<Post>, Error> {
    let post = app.posts.get(caller, app.partition(id)?, id.item).await?;
    let posts = std::slice::from_ref(&post);
    if blocked(app, caller, posts).await?.is_empty() {
        Ok(post)
    } else {
        Err(Error::new(Code::NotFound))
    }
}

/// The authors of these posts whom the caller has blocked, or who have blocked the caller. Each is looked up: however many
/// people somebody has blocked, it costs the same.
async fn blocked<'a>(
    app: &App,
    caller: &Caller,
    posts: &'a [Stored<Post>],
) -> Result<BTreeSet<&'a UserId>, OwnError> {
    let authors = posts.iter().map(|post| &post.owner);
    let authors: BTreeSet<_> = authors.filter(|author| **author != caller.user).collect();
    let pairs = authors.iter().flat_map(|author| {
        let (mine, theirs) = (&caller.user, *author);
        [block::place(mine, theirs), block::place(theirs, mine)]
    });
    let exist = app.blocks.exist(&pairs.collect::<Vec<_>>()).await?;
    let found = authors.into_iter().zip(exist.chunks(2));
    let found = found.filter(|(_, pair)| pair.contains(&true));
    Ok(found.map(|(author, _)| author).collect())
}

fn attached(post: &Stored<Post>) -> Attached<'_> {
    Attached {
        owner: &post.owner,
        visibility: Visibility::Members,
        uploads: &post.pictures,
    }
}

fn shown(
    post: &Stored<Post>,
    caller: &Caller,
    tally: Tally,
    pictures: Vec<UploadResponse>,
) -> PostResponse {
    PostResponse {
        id: PostId::of(post).to_string(),
        author: post.owner.as_str().to_owned(),
        text: post.text.clone(),
        status: post.text_status.map_or("ready", TextStatus::as_str),
        pictures,
        likes: tally.count,
        liked: tally.is_own,
        is_mine: post.owner == caller.user,
        created_at: post.created_at.to_rfc3339(),
    }
}
