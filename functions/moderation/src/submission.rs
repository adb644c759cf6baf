//! Asking WeChat to check one version of an object.

use std::sync::Arc;
use std::time::Duration;

use shared::ids::Purpose;
use shared::moderation::Task;
use shared::queue::{MAX_DELAY, Outcome, RetryError};
use shared::store::review::Cause;
use shared::store::upload::{NewCheck, NoteCheckOutcome, Record, UploadOfAccount};
use shared::telemetry::{self, Metric};
use shared::upload::content_type::ContentType;
use shared::upload::key::ObjectKey;
use shared::upload::lifecycle::{Ruling, UploadStatus};
use shared::upload::signer::Presign;
use shared::wechat::AppSecret;
use shared::wechat::content::{MediaToCheck, MediaType, Scene};

use crate::App;
use crate::postpone::{Failure, postpone};
use crate::verdict::{self, rule};

/// WeChat's verdict comes within half an hour.
const PATIENCE: Duration = Duration::from_secs(35 * 60);
/// How long WeChat can fetch the object.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// Asks WeChat, and notes what it calls the check. `task` comes again if WeChat is not to be had.
pub(crate) async fn submit(
    app: &App,
    upload: &UploadOfAccount,
    version: &str,
    task: &Task,
) -> Result<Outcome, RetryError> {
    let record = &upload.record;
    let (Some(media_type), Some(openid)) =
        (media_type(record.key.content_type), &upload.account.openid)
    else {
        return rule(
            app,
            &record.key,
            version,
            Ruling::Unsure,
            Cause::Unsupported,
        )
        .await;
    };
    let url = link(app, &record.key, version);
    let media = MediaToCheck {
        url: &url,
        media_type,
        scene: scene(record.key.upload.purpose()),
        openid,
    };
    let ask =
        |secret: Arc<AppSecret>| async move { app.wechat.media_check_async(&media, &secret).await };
    let asked = app.app_secret.call(app.app_secret.get().await?, ask).await;
    match asked.map_err(Failure::from) {
        Ok(trace_id) => note(app, record, version, &trace_id).await,
        Err(Failure::Later(error)) => postpone(app, task, &error).await,
        Err(Failure::Broken(error)) => Err(error),
        Err(Failure::Refused) => {
            rule(
                app,
                &record.key,
                version,
                Ruling::Unsure,
                Cause::Unsupported,
            )
            .await
        }
    }
}

/// What WeChat calls the format, if it checks it: of pictures JPEG, PNG, BMP and GIF, of sound MP3.
fn media_type(content_type: ContentType) -> Option<MediaType> {
    match content_type.as_str() {
        "image/jpeg" | "image/png" | "image/bmp" | "image/gif" => Some(MediaType::Image),
        "audio/mpeg" => Some(MediaType::Audio),
        _ => None,
    }
}

const fn scene(purpose: Purpose) -> Scene {
    match purpose {
        Purpose::Avatar => Scene::Profile,
        Purpose::File => Scene::Social,
    }
}

/// Where WeChat fetches the version. The link is signed with the role's session, and ends with it if that is sooner.
fn link(app: &App, key: &ObjectKey, version: &str) -> String {
    app.signer.presign_for_client(&Presign {
        method: "GET",
        key,
        version: Some(version),
        headers: &[],
        query: &[],
        from: app.clock.now(),
        expires_in: LINK_LIFETIME,
    })
}

/// Notes the check; if its verdict came before this, acts on it.
async fn note(
    app: &App,
    record: &Record,
    version: &str,
    trace_id: &str,
) -> Result<Outcome, RetryError> {
    telemetry::count(Metric::ChecksAsked);
    let check = NewCheck {
        key: &record.key,
        version,
        was: record.status,
        trace_id,
        before: record.check.as_deref(),
    };
    match app
        .store
        .note_check(&check)
        .await
        .map_err(RetryError::new)?
    {
        NoteCheckOutcome::Noted(None) => {
            watch(app, record, version, trace_id).await?;
            Ok(Outcome::Done("WeChat is asked to check the upload"))
        }
        // On the heap, because a verdict can lead to another submission.
        NoteCheckOutcome::Noted(Some(verdict)) => {
            let applied = verdict::apply_to(app, &record.key, version, trace_id, verdict);
            Box::pin(applied).await
        }
        NoteCheckOutcome::RecordChanged => Ok(Outcome::Done("the upload has changed meanwhile")),
    }
}

/// Sees to it that an upload which is not shown yet does not wait for ever for the verdict of a check.
pub(crate) async fn watch(
    app: &App,
    record: &Record,
    version: &str,
    trace_id: &str,
) -> Result<(), RetryError> {
    if record.status != UploadStatus::Checking {
        return Ok(());
    }
    let task = Task::MediaOverdue {
        key: record.key.to_string(),
        version: version.to_owned(),
        trace_id: trace_id.to_owned(),
        due: app.clock.now().after(PATIENCE),
    };
    Ok(app.queue.send(task.to_message(), Some(MAX_DELAY)).await?)
}
