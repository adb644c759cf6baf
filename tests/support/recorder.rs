//! Notes what each function asks AWS for, as the permissions that its role needs for it.
//!
//! A function reaches the emulator by an address of its own, behind which every byte is passed on as it is. Links and
//! tickets lead there too, so that what a phone does with them counts as their signer's, whose role S3 would ask. What
//! was seen is written to the directory that `USED_PERMISSIONS` names, a file for each process; without it, nothing is
//! noted and nothing stands in between.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::io;
use std::net::TcpListener;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Handle;

use self::request::{Need, Request};
use crate::records::Records;

mod request;

/// The variable that names the directory.
pub const DIRECTORY: &str = "USED_PERMISSIONS";

/// Something that a function did, in the words of its role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Use {
    /// The function.
    pub function: String,
    /// The action, such as `dynamodb:GetItem`.
    pub action: String,
    /// The resource, by its name in the template and what follows it, such as `Table/index/gsi1` or `Bucket/u/`.
    pub resource: String,
    /// How the keys begin that one request named; empty where keys play no part.
    pub keys: BTreeSet<String>,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.keys.iter().map(String::as_str).collect();
        let [function, action, resource] = [&self.function, &self.action, &self.resource];
        write!(f, "{function}\t{action}\t{resource}\t{}", keys.join(" "))
    }
}

impl FromStr for Use {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let [function, action, resource, keys] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(format!("{line:?} is no record"));
        };
        Ok(Self {
            function: function.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            keys: keys
                .split(' ')
                .filter(|key| !key.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// The address by which `function` is to reach `endpoint`.
pub fn on_the_way(function: &'static str, endpoint: &str) -> String {
    static RECORDER: OnceLock<Option<Arc<Recorder>>> = OnceLock::new();
    let recorder = RECORDER.get_or_init(|| {
        let recorder = Recorder::new(Records::below(DIRECTORY)?);
        Some(Arc::new(recorder.expect("a runtime")))
    });
    match recorder {
        Some(recorder) => recorder.address(function, endpoint).expect("a free port"),
        None => endpoint.to_owned(),
    }
}

#[derive(Debug)]
struct Recorder {
    /// A runtime of its own: those of the tests end with them.
    runtime: Handle,
    addresses: Mutex<HashMap<(&'static str, String), String>>,
    records: Records<Use>,
}

impl Recorder {
    fn new(records: Records<Use>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()?;
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        Ok(Self {
            runtime: handle,
            addresses: Mutex::default(),
            records,
        })
    }

    fn address(self: &Arc<Self>, function: &'static str, endpoint: &str) -> io::Result<String> {
        let mut addresses = lock(&self.addresses);
        let way = (function, endpoint.to_owned());
        if let Some(address) = addresses.get(&way) {
            return Ok(address.clone());
        }
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let address = format!("http://{}", listener.local_addr()?);
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        self.runtime
            .spawn(self.clone().accept(listener, function, upstream));
        addresses.insert(way, address.clone());
        Ok(address)
    }

    async fn accept(
        self: Arc<Self>,
        listener: TcpListener,
        function: &'static str,
        upstream: String,
    ) {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        loop {
            if let Ok((client, _)) = listener.accept().await {
                let (recorder, upstream) = (self.clone(), upstream.clone());
                // However a connection ends, both of its sides see it end.
                tokio::spawn(async move { recorder.pass_on(client, function, &upstream).await });
            }
        }
    }

    async fn pass_on(&self, client: TcpStream, function: &str, upstream: &str) -> io::Result<()> {
        let server = TcpStream::connect(upstream).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let conversation = Mutex::new(Conversation::default());
        let there = pipe(from_client, to_server, |bytes| {
            lock(&conversation).asked(bytes)
        });
        let back = pipe(from_server, to_client, |bytes| {
            let answered = lock(&conversation).answered(bytes);
            for need in answered.iter().flat_map(Request::needs) {
                self.note(function, need);
            }
        });
        tokio::try_join!(there, back).map(|_| ())
    }

    fn note(&self, function: &str, need: Need) {
        self.records.note(Use {
            function: function.to_owned(),
            action: need.action,
            resource: need.resource,
            keys: need.keys,
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn pipe(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut look: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        look(&buffer[..read]);
        to.write_all(&buffer[..read]).await?;
    }
}

/// What went over one connection.
#[derive(Debug, Default)]
struct Conversation {
    /// What was asked and is not yet a whole request.
    unread: Vec<u8>,
    unanswered: VecDeque<Request>,
}

impl Conversation {
    fn asked(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
        while let Some((request, length)) = Request::parse(&self.unread) {
            self.unread.drain(..length);
            self.unanswered.push_back(request);
        }
    }

    /// The request that these bytes begin to answer, if it was allowed: a link that was tampered with is not its
    /// signer's doing.
    fn answered(&mut self, bytes: &[u8]) -> Option<Request> {
        const STATUS: std::ops::Range<usize> = "HTTP/1.1 ".len().."HTTP/1.1 200".len();
        let status = bytes.get(STATUS).unwrap_or_default();
        if status.starts_with(b"1") {
            return None;
        }
        self.unanswered.pop_front().filter(|_| status != b"403")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_in_any_pieces_and_counted_when_they_were_allowed() {
        let request = |path: &str| format!("POST {path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}");
        for piece in [1, 7, 1000] {
            let mut conversation = Conversation::default();
            let mut allowed = Vec::new();
            for (path, status) in [
                ("/a", "200 OK"),
                ("/b", "403 Forbidden"),
                ("/c", "400 Bad Request"),
            ] {
                for bytes in request(path).as_bytes().chunks(piece) {
                    conversation.asked(bytes);
                }
                for bytes in [format!("HTTP/1.1 {status}\r\n"), "\r\n".to_owned()] {
                    allowed.extend(
                        conversation
                            .answered(bytes.as_bytes())
                            .map(|request| request.target),
                    );
                }
            }
            assert_eq!(allowed, ["/a", "/c"]);
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        for keys in [&[][..], &["U#", "UP#"]] {
            let used = Use {
                function: "users".to_owned(),
                action: "dynamodb:BatchGetItem".to_owned(),
                resource: "Table".to_owned(),
                keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            };
            assert_eq!(used.to_string().parse(), Ok(used));
        }
        assert!("users dynamodb:GetItem".parse::<Use>().is_err());
    }
}
