//! The table and the bucket, looked at and changed behind the functions' back.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::World;

/// An item of the table.
pub type Item = HashMap<String, AttributeValue>;

/// Items by their keys.
pub type Items = BTreeMap<(String, String), Item>;

/// An attribute that is a text.
pub fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An attribute that is a number.
pub fn number(item: &Item, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A value that is a text.
pub fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// The key of a user's item.
pub fn user_key(user: &str) -> (String, String) {
    (format!("U#{user}"), "A".to_owned())
}

/// The key of an upload's item.
pub fn upload_key(user: &str, upload: &str) -> (String, String) {
    (format!("UP#{user}"), upload.to_owned())
}

/// The table.
impl World {
    /// Everything that is in the table.
    ///
    /// # Panics
    /// If the emulator does not answer.
    pub async fn items(&self) -> Items {
        let mut items = Items::new();
        let mut start = None;
        loop {
            let scan = self.emulator.dynamodb().scan().table_name(&self.table);
            let scan = scan.consistent_read(true).set_exclusive_start_key(start);
            let page = scan.send().await.expect("the table is read");
            for item in page.items.unwrap_or_default() {
                let key = |name| text(&item, name).expect("a key").to_owned();
                items.insert((key("pk"), key("sk")), item);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return items;
            }
        }
    }

    /// One item; empty if it is not there.
    ///
    /// # Panics
    /// If the emulator does not answer.
    pub async fn item(&self, (pk, sk): (String, String)) -> Item {
        let get = self.emulator.dynamodb().get_item().table_name(&self.table);
        let get = get
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk));
        let got = get.consistent_read(true).send().await;
        got.expect("the item is read").item.unwrap_or_default()
    }

    /// Changes one item.
    ///
    /// # Panics
    /// If the emulator refuses.
    pub async fn update(
        &self,
        (pk, sk): (String, String),
        expression: &str,
        values: &[(&str, AttributeValue)],
    ) {
        let update = self.emulator.dynamodb().update_item();
        let mut update = update
            .table_name(&self.table)
            .key("pk", AttributeValue::S(pk))
            .key("sk", AttributeValue::S(sk))
            .update_expression(expression);
        for (name, value) in values {
            update = update.expression_attribute_values(*name, value.clone());
        }
        update.send().await.expect("the item is changed");
    }
}

/// The bucket.
impl World {
    /// The versions below a prefix, oldest first, without delete markers.
    ///
    /// # Panics
    /// If the emulator does not answer.
    pub async fn versions(&self, prefix: &str) -> Vec<String> {
        let list = self.emulator.s3().list_object_versions();
        let page = list.bucket(&self.bucket).prefix(prefix).send().await;
        let versions = page.expect("the bucket is listed").versions;
        let versions = versions.unwrap_or_default().into_iter();
        let mut ids: Vec<_> = versions.filter_map(|version| version.version_id).collect();
        ids.reverse();
        ids
    }

    /// The keys of all versions and delete markers below a prefix, each as often as it has them.
    ///
    /// # Panics
    /// If the emulator does not answer.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let list = self.emulator.s3().list_object_versions();
        let page = list.bucket(&self.bucket).prefix(prefix).send().await;
        let page = page.expect("the bucket is listed");
        let versions = page.versions().iter().filter_map(|version| version.key());
        let markers = page
            .delete_markers()
            .iter()
            .filter_map(|marker| marker.key());
        let mut keys: Vec<_> = versions.chain(markers).map(str::to_owned).collect();
        keys.sort();
        keys
    }

    /// Stores an object, as somebody with the bucket's permissions could; returns its version.
    ///
    /// # Panics
    /// If the emulator refuses.
    pub async fn store(&self, key: &str, bytes: &[u8]) -> String {
        let content_type = match key.rsplit('.').next() {
            Some("png") => "image/png",
            Some("gif") => "image/gif",
            Some("webp") => "image/webp",
            _ => "image/jpeg",
        };
        let put = self.emulator.s3().put_object().bucket(&self.bucket);
        let put = put.key(key).content_type(content_type);
        let put = put.body(bytes.to_vec().into());
        let stored = put.send().await.expect("the object is stored");
        stored.version_id.expect("the bucket is versioned")
    }

    /// Hides an object behind a delete marker; returns the marker's version.
    ///
    /// # Panics
    /// If the emulator refuses.
    pub async fn hide(&self, key: &str) -> String {
        let delete = self.emulator.s3().delete_object().bucket(&self.bucket);
        let hidden = delete.key(key).send().await.expect("the object is hidden");
        hidden.version_id.expect("the bucket is versioned")
    }

    /// Removes one version for good.
    ///
    /// # Panics
    /// If the emulator refuses.
    pub async fn remove(&self, key: &str, version: &str) {
        let delete = self.emulator.s3().delete_object().bucket(&self.bucket);
        let removed = delete.key(key).version_id(version).send().await;
        removed.expect("the version is removed");
    }
}
