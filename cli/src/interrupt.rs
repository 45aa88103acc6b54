//! SIGINT and SIGTERM: noticed once, told to everybody who works.

use std::future::Future;
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::future::Shared;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::error::CliError;
use crate::exit::Exit;

/// How long calls under way are waited for after a signal. Whoever sent it is answered within two
/// seconds.
const GRACE: Duration = Duration::from_millis(1_500);

/// The first SIGINT or SIGTERM since this was made. Until then either ends the process at once.
#[derive(Debug, Clone)]
pub struct Interrupt(Shared<LocalBoxFuture<'static, Exit>>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Result<Self, CliError> {
        let listen = |kind| {
            let fail = |error| CliError::new(Exit::Error, format!("cannot catch signals: {error}"));
            signal(kind).map_err(fail)
        };
        let mut interrupt = listen(SignalKind::interrupt())?;
        let mut terminate = listen(SignalKind::terminate())?;
        let first = async move {
            tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Terminated,
            }
        };
        Ok(Self(first.boxed_local().shared()))
    }

    /// Is ready once a signal has come.
    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        self.0.clone().map(|_| ())
    }

    /// Does the work, but does not wait for it longer than a moment once a signal has come: a call
    /// that hangs is given up as if the process had died, which is safe at any moment.
    pub async fn bounds<T>(&self, work: impl Future<Output = T>) -> Result<T, CliError> {
        let patience = async {
            let exit = self.0.clone().await;
            tokio::time::sleep(GRACE).await;
            exit
        };
        tokio::select! {
            biased;
            result = work => Ok(result),
            exit = patience => {
                let message = "interrupted while a call did not come to an end";
                Err(CliError::new(exit, message)
                    .hint("`nfplan apply` finds what was begun and goes on from there"))
            }
        }
    }

    /// How a command ends that a signal has come to.
    pub fn exit(&self) -> Option<Exit> {
        self.0.clone().now_or_never()
    }
}
