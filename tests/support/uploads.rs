//! An upload from the ticket to the verified record.

use std::ops::Index;
use std::time::Duration;

use http::StatusCode;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::api::Call;
use crate::events::Notification;
use crate::{Answer, Session, World, samples};

/// The request for a ticket for these bytes, whose content type they tell.
pub fn wanted(purpose: &str, bytes: &[u8]) -> Value {
    let content_type = samples::content_type(bytes).unwrap_or("image/jpeg");
    wanted_as(purpose, content_type, bytes.len())
}

/// The request for a ticket for a file of that type and size.
pub fn wanted_as(purpose: &str, content_type: &str, size: usize) -> Value {
    json!({"content_type": content_type, "size": size, "purpose": purpose})
}

/// An upload and its ticket, as the API shows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// The upload's id.
    pub id: String,
    /// The object's key; empty if there is no ticket to name it.
    pub key: String,
    /// Both, by the names `upload` and `ticket`.
    pub json: Value,
}

impl Index<&str> for Upload {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.json[name]
    }
}

impl From<Value> for Upload {
    fn from(json: Value) -> Self {
        let ticket = &json["ticket"];
        let key = ticket["fields"]["key"].as_str().map(str::to_owned);
        let of_url = || {
            let (_, key) = ticket["url"]
                .as_str()?
                .split('?')
                .next()?
                .split_once("/u/")?;
            Some(format!("u/{key}"))
        };
        Self {
            id: json["upload"]["id"].as_str().expect("an id").to_owned(),
            key: key.or_else(of_url).unwrap_or_default(),
            json,
        }
    }
}

impl Upload {
    /// The upload's path.
    pub fn path(&self) -> String {
        format!("/v1/uploads/{}", self.id)
    }

    /// The ticket's form with the file last.
    pub fn form(&self, bytes: &[u8]) -> Form {
        self.form_with(bytes, |_, value| Some(value.to_owned()))
    }

    /// The same with fields that `change` has edited or left out.
    ///
    /// # Panics
    /// If there is no ticket for a form.
    pub fn form_with(&self, bytes: &[u8], change: impl Fn(&str, &str) -> Option<String>) -> Form {
        let fields = self.json["ticket"]["fields"].as_object().expect("fields");
        let form = fields.iter().fold(Form::new(), |form, (name, value)| {
            match change(name, value.as_str().expect("a text")) {
                Some(value) => form.text(name.clone(), value),
                None => form,
            }
        });
        form.part("file", Part::bytes(bytes.to_vec()).file_name("x"))
    }

    /// Sends the file as `wx.uploadFile` does.
    pub async fn post(&self, bytes: &[u8]) -> StatusCode {
        self.send(self.form(bytes)).await
    }

    /// Sends a form to where the ticket says.
    ///
    /// # Panics
    /// If S3 does not answer.
    pub async fn send(&self, form: Form) -> StatusCode {
        let post = client().post(self.url()).multipart(form);
        post.send().await.expect("S3 answers").status()
    }

    /// Sends the file as `wx.request` does, with a ticket for PUT.
    pub async fn put(&self, bytes: &[u8], content_type: &str) -> StatusCode {
        put(self.url(), bytes, content_type).await
    }

    /// Where the ticket says to send the file.
    ///
    /// # Panics
    /// If there is no ticket.
    pub fn url(&self) -> &str {
        self.json["ticket"]["url"].as_str().expect("a ticket")
    }
}

/// Sends a file to a signed address.
///
/// # Panics
/// If S3 does not answer.
pub async fn put(url: &str, bytes: &[u8], content_type: &str) -> StatusCode {
    let put = client().put(url).header("content-type", content_type);
    let sent = put.body(bytes.to_vec()).send().await;
    sent.expect("S3 answers").status()
}

/// What is behind a link.
///
/// # Panics
/// If S3 does not answer.
pub async fn download(url: &str) -> (u16, Vec<u8>) {
    let response = client().get(url).send().await.expect("S3 answers");
    let status = response.status().as_u16();
    (status, response.bytes().await.expect("a body").to_vec())
}

fn client() -> reqwest::Client {
    crate::http_client(Duration::from_secs(10))
}

impl Session {
    /// Gets a ticket.
    pub async fn issue(&self, wanted: &Value) -> Upload {
        self.post("/v1/uploads", wanted).await.upload()
    }

    /// Asks for a ticket with a key by which a repetition is known.
    pub fn issue_once(&self, key: &str, wanted: &Value) -> Call {
        self.post("/v1/uploads", wanted).idempotency_key(key)
    }

    /// The same for a batch of tickets.
    pub fn issue_batch(&self, key: &str, batch: &Value) -> Call {
        self.post("/v1/uploads/batch", batch).idempotency_key(key)
    }

    /// Reads an upload.
    pub fn read(&self, upload: &Upload) -> Call {
        self.get(&upload.path())
    }

    /// An upload's status.
    ///
    /// # Panics
    /// If there is no such upload.
    pub async fn status(&self, upload: &Upload) -> String {
        self.read(upload).await.expect(200).text("status")
    }

    /// Deletes an upload.
    pub fn delete_upload(&self, upload: &Upload) -> Call {
        self.delete(&upload.path())
    }

    /// The first hundred of the user's uploads.
    ///
    /// # Panics
    /// If there is no list.
    pub async fn uploads(&self) -> Vec<Value> {
        let listed = self.get("/v1/uploads?limit=100").await;
        listed.expect(200).items().to_vec()
    }
}

impl World {
    /// Uploads a file and delivers the event, as a phone and S3 would.
    pub async fn upload(&self, owner: &Session, purpose: &str, bytes: &[u8]) -> Upload {
        self.upload_as(owner, &wanted(purpose, bytes), bytes).await
    }

    /// The same with a request of the test's own.
    ///
    /// # Panics
    /// If S3 does not take the file.
    pub async fn upload_as(&self, owner: &Session, wanted: &Value, bytes: &[u8]) -> Upload {
        let upload = owner.issue(wanted).await;
        assert_eq!(upload.post(bytes).await, 201);
        self.deliver_all([self.created(&upload).await]).await;
        upload
    }

    /// An upload whose object is stored, and whose event is still to come.
    pub async fn stored(&self, owner: &Session, purpose: &str, bytes: &[u8]) -> Upload {
        let upload = owner.issue(&wanted(purpose, bytes)).await;
        self.store(&upload.key, bytes).await;
        upload
    }

    /// Stores an object past the ticket, as somebody with the bucket's permissions could, and delivers its event; returns
    /// its version.
    pub async fn store_and_deliver(&self, key: &str, bytes: &[u8]) -> String {
        let version = self.store(key, bytes).await;
        let created = self.notification("ObjectCreated:Put", key, Some(&version));
        self.deliver_all([created]).await;
        version
    }

    /// The event about the newest version of an upload's object.
    ///
    /// # Panics
    /// If there is none.
    pub async fn created(&self, upload: &Upload) -> Notification {
        let versions = self.versions(&upload.key).await;
        let newest = versions.last().expect("the object is stored");
        self.notification("ObjectCreated:Post", &upload.key, Some(newest))
    }
}

/// The ids of uploads, in their order.
pub fn ids<'a>(uploads: impl IntoIterator<Item = &'a Value>) -> Vec<&'a str> {
    let ids = uploads.into_iter().map(|upload| upload["id"].as_str());
    ids.map(|id| id.expect("an id")).collect()
}

impl Answer {
    /// The upload whose ticket was issued.
    ///
    /// # Panics
    /// If it was answered with something else.
    #[track_caller]
    pub fn upload(self) -> Upload {
        Upload::from(self.expect(201).json)
    }

    /// The uploads of a batch that was answered with 201.
    ///
    /// # Panics
    /// If it was answered with something else.
    #[track_caller]
    pub fn uploads(self) -> Vec<Upload> {
        let answer = self.expect(201);
        answer.items().iter().cloned().map(Upload::from).collect()
    }
}
