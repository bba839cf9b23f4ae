//! Hearing what other nodes commit: `LISTEN`, and a look at the position now and then, since a word can be lost with its connection.

use crate::connect;
use crate::custom;
use crate::error::Outcome;
use crate::online::Online;
use crate::postgres_store::Node;
use crate::session::Session;
use crate::tls::Tls;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::LOST;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Config};

/// Longest payload of a notification, bytes (PostgreSQL takes less than 8,000).
const MAX_TOLD: usize = 7_000;

/// What a commit tells: who it was, and of what kinds it was.
pub(crate) fn told(node: &str, words: &BTreeSet<String>) -> String {
    let mut told = node.to_owned();
    for word in words {
        if told.len() + word.len() >= MAX_TOLD || word.contains(' ') {
            return format!("{node} {LOST}");
        }
        told.push(' ');
        told.push_str(word);
    }
    told
}

/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(1);

/// Starts listening.
pub(crate) fn start(node: Arc<Node>, address: &str, online: Arc<Online>) -> Outcome<JoinHandle<()>> {
    let (config, tls) = connect::config(address, Duration::ZERO)?;
    Ok(tokio::spawn(async move {
        let heard = Arc::new(Notify::new());
        // Ends with this task: both are aborted together.
        tokio::join!(
            ears(node.clone(), (config, tls), heard.clone()),
            looks(node, heard, online)
        );
    }))
}

/// Keeps a connection that listens.
async fn ears(node: Arc<Node>, (config, tls): (Config, Tls), heard: Arc<Notify>) {
    loop {
        if let Ok((client, mut connection)) = config.connect(tls.clone()).await {
            let messages = async {
                while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                    match message {
                        Ok(AsyncMessage::Notification(word)) => {
                            if node.heard(word.payload()) {
                                heard.notify_one();
                            }
                        }
                        Ok(_) => {}
                        Err(error) => {
                            tracing::warn!(%error, "the connection that listens for changes broke; connecting again");
                            return;
                        }
                    }
                }
            };
            let ask = async {
                if let Err(error) = client.batch_execute("LISTEN sinfonia").await {
                    tracing::warn!(%error, "cannot listen for changes; looking now and then goes on");
                }
                // What was said before is lost.
                node.heard(LOST);
                heard.notify_one();
                // The client must live as long as its connection shall.
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = messages => {}
                () = ask => {}
            }
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Looks at the position whenever something was heard, and at least every [`crate::Options::poll`].
async fn looks(node: Arc<Node>, heard: Arc<Notify>, online: Arc<Online>) {
    loop {
        let _ = tokio::time::timeout(node.options.poll, heard.notified()).await;
        if let Err(error) = look(&node, &online).await {
            tracing::debug!(%error, "cannot look at the change feed now");
        }
    }
}

async fn look(node: &Arc<Node>, online: &Online) -> Outcome<()> {
    let session = Session::plain(connect::take(&node.readers).await?);
    let sql = "SELECT seq, params FROM position WHERE one";
    let Some(row) = session.row(sql, &[], "reading the position").await? else {
        return Ok(());
    };
    let (seq, params): (i64, i64) = (row.get(0), row.get(1));
    if params > node.params.load(Ordering::Acquire) {
        let custom = custom::load(node, &session).await?;
        custom::publish(node, &custom, params);
        online.wake();
    }
    node.tell(seq as u64);
    Ok(())
}
