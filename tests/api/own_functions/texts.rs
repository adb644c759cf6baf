//! Texts of shared items that are checked when they change.

use serde::{Deserialize, Serialize};
use shared::auth::Caller;
use shared::config::Vars;
use shared::ids::{Epoch, SessionId};
use shared::moderation::{CheckId, TextChecks, TextStatus};
use shared::own::{IfMatch, Own, OwnItem, Partition, SharedItems, Stored};
use shared::random::Random;
use shared::store::review::Decision;
use shared::user::Role;
use support::storage::text;
use support::{Session, World};

#[derive(Serialize, Deserialize)]
struct Sign {
    text: String,
    colour: u8,
}

impl OwnItem for Sign {
    const KIND: &'static str = "signs";

    fn checked_text(&self) -> Option<&str> {
        Some(&self.text)
    }
}

struct Street {
    world: World,
    signs: SharedItems<Sign>,
    at: Partition,
    caller: Caller,
}

impl Street {
    async fn new(policy: &str) -> Self {
        let world = World::new().await;
        let signs = signs(&world, policy);
        let caller = caller(&world.log_in("alice").await);
        let at = "street".parse().unwrap();
        Self {
            world,
            signs,
            at,
            caller,
        }
    }

    async fn put_up(&self, text: &str) -> Stored<Sign> {
        let sign = Sign {
            text: text.to_owned(),
            colour: 1,
        };
        let created = self.signs.create(&self.caller, &self.at, sign, None).await;
        created.unwrap()
    }

    async fn change(&self, sign: &Stored<Sign>, change: impl Fn(&mut Sign)) -> Stored<Sign> {
        let (caller, none) = (&self.caller, &IfMatch::NONE);
        let changed = self.signs.update(caller, &self.at, sign.id, none, change);
        changed.await.unwrap()
    }

    async fn status(&self, sign: &Stored<Sign>) -> TextStatus {
        let read = self.signs.get(&self.caller, &self.at, sign.id).await;
        read.unwrap().text_status
    }

    /// Which check the one sign names.
    async fn check(&self) -> Option<CheckId> {
        let items = self.world.items().await;
        let mut signs = items.iter().filter(|((pk, _), _)| pk.starts_with("OF#"));
        let (_, sign) = signs.next().unwrap();
        text(sign, "text_check").map(|check| CheckId::from(check.to_owned()))
    }

    async fn decide(&self, sign: &Stored<Sign>, check: &CheckId, decision: Decision) {
        let (pk, sk) = ("OF#town#street", format!("signs#{}", sign.id));
        let decided = self.world.store.decide_text(pk, &sk, check, decision).await;
        decided.unwrap();
    }
}

fn signs(world: &World, policy: &str) -> SharedItems<Sign> {
    let get = |name: &str| match name {
        "CONTENT_CHECK_TEXT" => Some(policy.to_owned()),
        _ => Some(world.moderation_queue.clone()),
    };
    let mut vars = Vars::new(&get);
    let checks = TextChecks::read(&mut vars, &world.emulator.aws, Random::system());
    let own = Own::new(
        world.store.clone(),
        "town",
        world.clock.clone(),
        Random::system(),
    );
    own.shared_items().with_text_checks(checks)
}

fn caller(session: &Session) -> Caller {
    Caller {
        user: session.id.parse().unwrap(),
        epoch: Epoch::FIRST,
        role: Role::User,
        session: SessionId::new(&Random::system()),
    }
}

#[tokio::test]
async fn a_text_is_checked_when_it_is_another() {
    let street = Street::new("enforce").await;
    let sign = street.put_up("stop").await;
    assert_eq!(sign.text_status, TextStatus::Checking);
    let first = street.check().await.unwrap();
    street.decide(&sign, &first, Decision::Approve).await;
    assert_eq!(street.status(&sign).await, TextStatus::Ready);

    let painted = street.change(&sign, |sign| sign.colour = 2).await;
    assert_eq!(painted.text_status, TextStatus::Ready);
    assert_eq!(street.check().await, Some(first.clone()));
    let changed = street.change(&sign, |sign| sign.text = "go".to_owned());
    assert_eq!(changed.await.text_status, TextStatus::Checking);
    let second = street.check().await.unwrap();
    assert_ne!(second, first);
    // What comes late about the text before says nothing about this one.
    street.decide(&sign, &first, Decision::Reject).await;
    assert_eq!(street.status(&sign).await, TextStatus::Checking);
    street.decide(&sign, &second, Decision::Reject).await;
    assert_eq!(street.status(&sign).await, TextStatus::Rejected);
    let painted = street.change(&sign, |sign| sign.colour = 3).await;
    assert_eq!(painted.text_status, TextStatus::Rejected);
}

#[tokio::test]
async fn without_checks_another_text_is_shown_at_once() {
    let mut street = Street::new("enforce").await;
    let sign = street.put_up("stop").await;
    let check = street.check().await.unwrap();
    street.decide(&sign, &check, Decision::Reject).await;
    street.signs = signs(&street.world, "off");
    let changed = street.change(&sign, |sign| sign.text = "go".to_owned());
    assert_eq!(changed.await.text_status, TextStatus::Ready);
    assert_eq!(street.status(&sign).await, TextStatus::Ready);
    assert_eq!(street.check().await, None);
}

#[tokio::test]
async fn a_decision_about_a_version_that_was_reported_is_about_no_other() {
    let street = Street::new("off").await;
    let sign = street.put_up("stop").await;
    let seen = CheckId::of_version(sign.version);
    street
        .change(&sign, |sign| sign.text = "go".to_owned())
        .await;
    street.decide(&sign, &seen, Decision::Reject).await;
    assert_eq!(street.status(&sign).await, TextStatus::Ready);
    let seen = CheckId::of_version(sign.version + 1);
    street.decide(&sign, &seen, Decision::Reject).await;
    assert_eq!(street.status(&sign).await, TextStatus::Rejected);
}
