//! SIGINT and SIGTERM: noticed once, told to everybody who works.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures_util::future::FutureExt;
use futures_util::future::LocalBoxFuture;
use futures_util::future::Shared;
use tokio::runtime::Builder;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::error::CliError;
use crate::exit::Exit;

/// How long calls under way are waited for after a signal. Whoever sent it is answered within two
/// seconds.
const GRACE: Duration = Duration::from_millis(1_500);

/// Whether somebody listens.
static LISTENING: AtomicBool = AtomicBool::new(false);

/// The first SIGINT or SIGTERM since this was made. Until then, and after it was dismissed, either
/// ends the process at once.
#[derive(Debug, Clone)]
pub struct Interrupt(Shared<LocalBoxFuture<'static, Exit>>);

impl Interrupt {
    /// Listens from now on.
    pub fn listen() -> Result<Self, CliError> {
        let first = first().map_err(|error| cannot_catch(&error))?;
        LISTENING.store(true, Ordering::SeqCst);
        Ok(Self(first.boxed_local().shared()))
    }

    /// Listens no more, while something is read, shown and asked. A signal that was caught once does
    /// not get its default effect back, so that a thread ends the process in its stead.
    pub fn dismiss(self) -> Result<(), CliError> {
        let (ready, is_ready) = mpsc::channel();
        thread::spawn(move || stand_in(&ready));
        let started = is_ready.recv().map_err(io::Error::other).flatten();
        started.map_err(|error| cannot_catch(&error))?;
        LISTENING.store(false, Ordering::SeqCst);
        // What came before the thread was there, or was left to this.
        self.exit().map_or(Ok(()), |exit| Err(CliError::new(exit, "interrupted")))
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

/// The first of either signal from now on.
fn first() -> io::Result<impl Future<Output = Exit> + use<>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    })
}

fn cannot_catch(error: &io::Error) -> CliError {
    CliError::new(Exit::Error, format!("cannot catch signals: {error}"))
}

/// Ends the process on a signal that nobody listens for. Says when it is ready to, or why it is not.
fn stand_in(ready: &mpsc::Sender<io::Result<()>>) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let Err(error) = runtime.and_then(|runtime| runtime.block_on(watch(ready)));
    ready.send(Err(error)).ok();
}

async fn watch(ready: &mpsc::Sender<io::Result<()>>) -> io::Result<Infallible> {
    loop {
        let next = first()?;
        // Only the first answer is waited for.
        ready.send(Ok(())).ok();
        let exit = next.await;
        if !LISTENING.load(Ordering::SeqCst) {
            process::exit(exit.code().into());
        }
    }
}
