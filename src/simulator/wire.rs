//! One accepted connection, which can be cut from outside.
//!
//! Promises: once cut, nothing more is read from or written to it, whoever holds it; so a server that goes down
//! answers nobody, not even over connections that a client kept alive.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Ends one connection from wherever it is held.
#[derive(Debug, Default)]
pub(super) struct Cutter {
    cut: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Cutter {
    /// Ends the connection; whoever waits on it learns at once.
    pub(super) fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
    }

    /// Fails when cut; else `waker` is woken by the cut. Registering first leaves no gap in which a cut is missed.
    fn check(&self, waker: &AtomicWaker, context: &Context<'_>) -> io::Result<()> {
        waker.register(context.waker());
        if self.cut.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }
}

/// A connection and the means to cut it.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    cutter: Arc<Cutter>,
}

impl Wire {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, cutter: Arc::default() }
    }

    pub(super) fn cutter(&self) -> &Arc<Cutter> {
        &self.cutter
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.cutter.check(&self.cutter.reader, context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.cutter.check(&self.cutter.writer, context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cutter.check(&self.cutter.writer, context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cutter.check(&self.cutter.writer, context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
