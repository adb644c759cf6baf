//! As much of HTTP/1.1 as the functions and their peers speak, on blocking streams: a time-stamp is then taken by the
//! thread that has just read the last byte, and nothing is scheduled in between.

use std::io::{self, Read, Write};

/// Nothing that is measured sends more headers.
const MAX_HEADERS: usize = 64;

/// A request, read to its end.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's text; empty if it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        find(&self.headers, name).unwrap_or_default()
    }

    /// The target up to its query.
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(&*self.target, |(path, _)| path)
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// An answer of that content type.
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    /// Adds a header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The bytes on the wire; to a HEAD request only the head is sent.
    pub(crate) fn to_bytes(&self, head_only: bool) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} -\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        if !head_only {
            bytes.extend_from_slice(&self.body);
        }
        bytes
    }
}

/// A connection, with what has been read of the next message.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    unread: Vec<u8>,
}

impl<S: Read + Write> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            unread: Vec::with_capacity(16 * 1024),
        }
    }

    /// The next request; `None` when the other side has closed.
    pub(crate) fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut request = httparse::Request::new(&mut headers);
            if let httparse::Status::Complete(length) =
                request.parse(&self.unread).map_err(malformed)?
            {
                let mut read = Request {
                    method: request.method.unwrap_or_default().to_owned(),
                    target: request.path.unwrap_or_default().to_owned(),
                    headers: owned(request.headers),
                    body: Vec::new(),
                };
                self.unread.drain(..length);
                read.body = self.body(&read.headers)?;
                return Ok(Some(read));
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// The answer to what was sent: its status and body.
    pub(crate) fn answer(&mut self) -> io::Result<(u16, Vec<u8>)> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
            let mut answer = httparse::Response::new(&mut headers);
            if let httparse::Status::Complete(length) =
                answer.parse(&self.unread).map_err(malformed)?
            {
                let status = answer.code.unwrap_or_default();
                let headers = owned(answer.headers);
                self.unread.drain(..length);
                return Ok((status, self.body(&headers)?));
            }
            self.fill_some()?;
        }
    }

    /// Sends bytes at once.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    fn body(&mut self, headers: &[(String, String)]) -> io::Result<Vec<u8>> {
        if find(headers, "transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            return self.chunks();
        }
        let length = find(headers, "content-length").map_or(Ok(0), str::parse);
        self.take(length.map_err(malformed)?)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let parsed = httparse::parse_chunk_size(&self.unread)
                .map_err(|_| malformed("a chunk without a size"))?;
            let httparse::Status::Complete((length, size)) = parsed else {
                self.fill_some()?;
                continue;
            };
            self.unread.drain(..length);
            let size = usize::try_from(size).map_err(malformed)?;
            body.extend_from_slice(&self.take(size)?);
            // The line's end; after the last chunk it ends the body, for nobody here sends trailers.
            self.take(2)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }

    fn take(&mut self, length: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < length {
            self.fill_some()?;
        }
        Ok(self.unread.drain(..length).collect())
    }

    fn fill_some(&mut self) -> io::Result<()> {
        match self.fill()? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let length = self.stream.read(&mut buffer)?;
        self.unread.extend_from_slice(&buffer[..length]);
        Ok(length)
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    let owned = |header: &httparse::Header<'_>| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    };
    headers.iter().map(owned).collect()
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known == name)?;
    Some(&found.1)
}

fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    /// A stream that gives a few bytes at a time and swallows what is sent.
    struct Dribble(Cursor<Vec<u8>>);

    impl Read for Dribble {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(3);
            self.0.read(&mut buffer[..length])
        }
    }

    impl Write for Dribble {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn connection(text: &str) -> Connection<Dribble> {
        Connection::new(Dribble(Cursor::new(text.into())))
    }

    #[test]
    fn requests_follow_one_another_whatever_their_bodies() {
        let mut connection = connection(
            "POST /a?b=c HTTP/1.1\r\nX-One: 1\r\nContent-Length: 3\r\n\r\nabc\
             POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n\
             GET /c HTTP/1.1\r\n\r\n",
        );
        let one = connection.request().unwrap().unwrap();
        assert_eq!(
            (one.path(), one.header("x-one"), &*one.body),
            ("/a", "1", &b"abc"[..])
        );
        assert_eq!(connection.request().unwrap().unwrap().body, b"abcde");
        assert_eq!(connection.request().unwrap().unwrap().target, "/c");
        assert!(connection.request().unwrap().is_none());
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let bytes = Answer::new(201, "text/plain", "hello")
            .with("x-one", "1")
            .to_bytes(false);
        let mut connection = connection(&String::from_utf8(bytes).unwrap());
        assert_eq!(connection.answer().unwrap(), (201, b"hello".to_vec()));
        assert!(connection.answer().is_err());
    }
}
