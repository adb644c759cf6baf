//! Stories that were told once.

use super::{Deed, told};

#[tokio::test]
async fn an_avatar_ticket_used_twice_leaves_nothing_when_its_picture_is_replaced() {
    for is_cold in [false, true] {
        told(
            &["avatar", "avatar"],
            &[(0, Deed::Good), (0, Deed::Good), (1, Deed::Good)],
            is_cold,
        )
        .await;
    }
}

#[tokio::test]
async fn junk_after_a_good_object_changes_nothing() {
    for deed in [Deed::WrongBytes, Deed::WrongSize, Deed::Good] {
        told(&["file"], &[(0, Deed::Good), (0, deed), (0, deed)], true).await;
    }
}

#[tokio::test]
async fn a_deleted_upload_leaves_no_earlier_version() {
    told(
        &["file"],
        &[(0, Deed::Good), (0, Deed::Good), (0, Deed::Delete)],
        false,
    )
    .await;
    told(
        &["avatar"],
        &[(0, Deed::Good), (0, Deed::Delete), (0, Deed::Good)],
        true,
    )
    .await;
}

#[tokio::test]
async fn the_removal_of_a_surplus_version_leaves_the_picture_alone() {
    told(
        &["avatar"],
        &[(0, Deed::Good), (0, Deed::Good), (0, Deed::RemoveNewest)],
        true,
    )
    .await;
}
