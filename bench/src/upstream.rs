//! The services behind the functions: TLS servers on loopback that count what they are asked.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::answers::{Answers, Service};
use crate::http::{Answer, Connection};

/// All services, each on a port of its own.
#[derive(Debug)]
pub(crate) struct Upstreams {
    addresses: Vec<(Service, String)>,
    seen: Arc<Seen>,
}

/// What the services were asked since somebody last looked.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// Operations, sorted by name.
    pub(crate) calls: Vec<String>,
    /// Connections that were opened.
    pub(crate) connections: usize,
}

#[derive(Debug)]
struct Seen {
    answers: Answers,
    delay_us: AtomicU64,
    traffic: Mutex<Traffic>,
    faults: Mutex<Vec<String>>,
}

impl Upstreams {
    pub(crate) fn start(tls: &Arc<ServerConfig>, answers: Answers) -> Result<Self> {
        let seen = Arc::new(Seen {
            answers,
            delay_us: AtomicU64::new(0),
            traffic: Mutex::default(),
            faults: Mutex::default(),
        });
        let mut addresses = Vec::new();
        for service in Service::ALL {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            addresses.push((service, format!("https://{}", listener.local_addr()?)));
            let (tls, seen) = (tls.clone(), seen.clone());
            thread::spawn(move || accept(&listener, service, &tls, &seen));
        }
        Ok(Self { addresses, seen })
    }

    /// Variables that tell a function where the services are.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.addresses
            .iter()
            .map(|(service, address)| (service.variable(), address.clone()))
    }

    /// Lets every answer wait for that long.
    pub(crate) fn delay(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.seen.delay_us.store(micros, Ordering::Relaxed);
    }

    /// What was asked since the last time.
    ///
    /// # Errors
    /// If something was asked that no job asks.
    pub(crate) fn take(&self) -> Result<Traffic> {
        let mut traffic = std::mem::take(&mut *lock(&self.seen.traffic));
        traffic.calls.sort();
        let faults = std::mem::take(&mut *lock(&self.seen.faults));
        ensure!(faults.is_empty(), "upstream: {}", faults.join("; "));
        Ok(traffic)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, service: Service, tls: &Arc<ServerConfig>, seen: &Arc<Seen>) {
    for stream in listener.incoming().flatten() {
        lock(&seen.traffic).connections += 1;
        let (tls, seen) = (tls.clone(), seen.clone());
        thread::spawn(move || {
            // A subject that is killed leaves its connections broken, which is no fault.
            let _ = serve(stream, service, tls, &seen);
        });
    }
}

fn serve(
    stream: TcpStream,
    service: Service,
    tls: Arc<ServerConfig>,
    seen: &Seen,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let tls = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut connection = Connection::new(StreamOwned::new(tls, stream));
    while let Some(request) = connection.request()? {
        let answer = seen.answers.answer(service, &request);
        let answer = answer.unwrap_or_else(|fault| {
            lock(&seen.faults).push(format!("{service:?}: {fault:#}"));
            (String::new(), Answer::new(500, "text/plain", ""))
        });
        lock(&seen.traffic)
            .calls
            .push(format!("{service:?} {}", answer.0));
        let delay = Duration::from_micros(seen.delay_us.load(Ordering::Relaxed));
        if !delay.is_zero() {
            thread::sleep(delay);
        }
        connection.send(&answer.1.to_bytes(request.method == "HEAD"))?;
    }
    Ok(())
}
