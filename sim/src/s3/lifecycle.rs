//! The template's lifecycle rules.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>

use super::S3;
use super::bucket::Version;

const DAY: i64 = 24 * 60 * 60 * 1000;
/// After how many days an old version goes.
const NONCURRENT_DAYS: i64 = 31;

impl S3 {
    /// Does what the rules ask for until `now`: removes versions that have not been current for 31 days, and markers that
    /// hide nothing.
    pub fn expire(&mut self, now: i64) {
        let keys = self.bucket.keys.iter();
        let old: Vec<_> = keys
            .flat_map(|(key, versions)| old_versions(versions, now).map(|id| (key.clone(), id)))
            .collect();
        self.expire_all(old, now);
        let keys = self.bucket.keys.iter();
        let markers: Vec<_> = keys
            .filter_map(|(key, versions)| match versions.as_slice() {
                [only] if only.is_marker => Some((key.clone(), only.id.clone())),
                _ => None,
            })
            .collect();
        self.expire_all(markers, now);
    }

    fn expire_all(&mut self, versions: Vec<(String, String)>, now: i64) {
        for (key, id) in versions {
            self.bucket
                .remove(&key, &id, "LifecycleExpiration:Delete", now);
        }
    }
}

/// A version is old from when the next one was stored, and goes at the midnight (UTC) after its days are over.
fn old_versions(versions: &[Version], now: i64) -> impl Iterator<Item = String> {
    versions.windows(2).filter_map(move |pair| {
        let goes = pair[1].stored_at + NONCURRENT_DAYS * DAY;
        let midnight = (goes.div_euclid(DAY) + 1) * DAY;
        (midnight <= now).then(|| pair[0].id.clone())
    })
}
