//! Has pictures and texts checked by WeChat, and acts on verdicts, on moderators' decisions and on withdrawn consent.
//!
//! Messages come at least once and in any order. Every write is conditional, so a task that is repeated, late, or about
//! something that is gone does no harm.

mod cancellation;
mod decision;
mod media;
mod nickname;
mod overdue;
mod postpone;
mod profile_modified;
mod reported;
mod revocation;
mod ruling;
mod submission;
mod task;
mod text;
mod text_check;
mod verdict;

use serde_json::Value;
use shared::config::{self, WarmUp};
use shared::events::Publisher;
use shared::function::Setup;
use shared::queue::{self, Sender, SqsBatchResponse};
use shared::random::Random;
use shared::secrets::{AppSecrets, Sources};
use shared::store::Store;
use shared::telemetry::Telemetry;
use shared::time::{Clock, Timestamp};
use shared::upload::deleter::ObjectDeleter;
use shared::upload::signer::S3Signer;
use shared::wechat::{self, Wechat};

use crate::revocation::RevokedUploads;

/// What the handler needs.
#[derive(Debug)]
pub struct App {
    store: Store,
    wechat: Wechat,
    app_secret: AppSecrets,
    /// Signs the links by which WeChat fetches what it is to check.
    signer: S3Signer,
    deleter: ObjectDeleter,
    /// The function's own queue.
    queue: Sender,
    /// Where deleted accounts are announced.
    purge_queue: Sender,
    revoked_uploads: RevokedUploads,
    /// Tells own functions of what is ready.
    events: Publisher,
    clock: Clock,
    random: Random,
    telemetry: Telemetry,
}

impl App {
    /// The app that `setup` describes. Nobody waits for a check, so nothing is opened ahead.
    ///
    /// # Errors
    /// If a variable is missing or malformed, or the platform lacks what is needed.
    pub async fn build(mut setup: Setup<'_>) -> Result<Self, lambda_runtime::Error> {
        let aws = setup.aws();
        let store = setup.store(&aws);
        let Setup {
            mut vars,
            clock,
            random,
            network,
            telemetry,
            ..
        } = setup;
        let source = ["WECHAT_SECRETS_ID", "SECRETS_ID"];
        let source = Sources::new(&aws).find(&mut vars, source, "WECHAT_APP_SECRET");
        let app_secret = AppSecrets::read(&mut vars, source, clock.clone());
        let app_id = vars.required("WECHAT_APP_ID");
        let base_url = vars.optional_as("WECHAT_API_BASE_URL", config::base_url);
        let base_url = base_url.unwrap_or_else(|| wechat::client::BASE_URL.to_owned());
        let signer = S3Signer::read(&mut vars, &aws);
        let queue = Sender::new(&aws, vars.required("MODERATION_QUEUE_URL"));
        let purge_queue = Sender::new(&aws, vars.required("PURGE_QUEUE_URL"));
        let revoked_uploads = RevokedUploads::read(&mut vars);
        let events = Publisher::read(&mut vars, &aws);
        WarmUp::read(&mut vars);
        let app_secret = vars.finish_with(app_secret)?;
        let http = aws.http().ok_or("TLS could not be set up")?.clone();
        Ok(Self {
            store,
            wechat: Wechat::new(base_url, app_id, &network, clock.clone(), random.clone())?,
            app_secret,
            deleter: ObjectDeleter::new(http, signer.clone(), clock.clone()),
            signer,
            queue,
            purge_queue,
            revoked_uploads,
            events,
            clock,
            random,
            telemetry,
        })
    }

    /// Processes an SQS batch.
    ///
    /// # Errors
    /// If the event is not one.
    pub async fn handle(
        &self,
        event: Value,
        deadline: Timestamp,
    ) -> Result<SqsBatchResponse, lambda_runtime::Error> {
        let messages = queue::messages(&event).ok_or("the event is no SQS batch")?;
        let (clock, telemetry) = (&self.clock, &self.telemetry);
        Ok(queue::run(messages, deadline, clock, telemetry, |message| {
            task::process(self, message)
        })
        .await)
    }
}
