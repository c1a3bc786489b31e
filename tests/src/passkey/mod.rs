//! A browser whose authenticator shares no code with what checks it: Yubico's library, in Python.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};

use crate::city::{root, tool};

/// A running authenticator.
pub struct Authenticator {
    talk: Mutex<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    _child: Child,
}

impl Authenticator {
    /// Starts one, without any passkey.
    #[must_use]
    pub fn start() -> Self {
        let mut child = Command::new(tool("CONNECTO_FIDO2", "fido2-").join("bin/python"))
            .arg(root().join("tests/src/passkey/authenticator.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("python starts");
        let (stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        Self { talk: Mutex::new((stdin, BufReader::new(stdout).lines())), _child: child }
    }

    /// Makes a passkey as the options ask; `otherwise` is what it does otherwise.
    pub async fn create(&self, options: &Value, otherwise: Value) -> Value {
        self.ask(json!({ "do": "create", "options": options }), otherwise).await
    }

    /// Signs a challenge with the passkey of this number, counted from 0.
    pub async fn get(&self, options: &Value, passkey: usize, otherwise: Value) -> Value {
        self.ask(json!({ "do": "get", "options": options, "passkey": passkey }), otherwise).await
    }

    async fn ask(&self, mut command: Value, otherwise: Value) -> Value {
        let fields = command.as_object_mut().expect("fields");
        fields.extend(otherwise.as_object().cloned().unwrap_or_default());
        let mut talk = self.talk.lock().await;
        talk.0.write_all(format!("{command}\n").as_bytes()).await.expect("it listens");
        let said = talk.1.next_line().await.expect("it speaks").expect("it goes on");
        serde_json::from_str(&said).expect("JSON")
    }
}
