//! Connections. The accept loop is our own because a stand-in has to be able to hang up on a client, which a plain
//! `axum::serve` never does.

use crate::{
    control,
    response::{Dropped, answer},
    state::Shared,
};
use axum::{Router, body::Body, response::Response};
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io,
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tower::ServiceExt;

/// A listening server; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Server {
    /// Listens and begins to answer.
    pub(crate) async fn bind(address: SocketAddr, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let accepting = Mutex::new(Some(tokio::spawn(accept(listener, shared))));
        Ok(Self { address, accepting })
    }

    /// Where it listens, or listened.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening and closes every connection; the port refuses connections once this returns.
    pub(crate) async fn stop(&self) {
        if let Some(accepting) = self.replace(None) {
            accepting.abort();
            // Cancelled is the only way this ends, and it means that the listener is gone.
            let _ = accepting.await;
        }
    }

    /// Listens again where it did.
    pub(crate) async fn restart(&self, shared: Arc<Shared>) -> io::Result<()> {
        self.stop().await;
        let listener = TcpListener::bind(self.address).await?;
        self.replace(Some(tokio::spawn(accept(listener, shared))));
        Ok(())
    }

    fn replace(&self, accepting: Option<JoinHandle<()>>) -> Option<JoinHandle<()>> {
        std::mem::replace(
            &mut *self
                .accepting
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
            accepting,
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(accepting) = self.replace(None) {
            accepting.abort();
        }
    }
}

/// Accepts until it is aborted, which takes the connections along: they are in the set that it owns.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new()
        .nest("/_standin", control::routes())
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(_) if shared.state().rejects_connection() => {}
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, router.clone(), shared.recycled()));
                }
                // Out of file descriptors, most likely: a pause lets some of them go.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(stream: TcpStream, router: Router, mut recycled: watch::Receiver<()>) {
    // Without it a dripping answer would leave in larger pieces than it was told to.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(router.clone(), request));
    let mut connection =
        pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    // A connection that ends badly concerns its client alone.
    let _ = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = recycled.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
}

/// Runs the router. An error is the one way to make hyper close a connection without an answer.
async fn respond(router: Router, request: Request<Incoming>) -> io::Result<Response> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    match response.extensions().get::<Dropped>() {
        Some(_) => Err(io::ErrorKind::ConnectionAborted.into()),
        None => Ok(response),
    }
}
