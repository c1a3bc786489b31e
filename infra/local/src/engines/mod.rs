//! The AWS services on one machine, and Razorpay: each listens on a port of its own and speaks its service's wire protocol;
//! those of AWS behind a front that knows which function calls and what its policy allows.

pub mod calls;
mod cdn;
pub mod chaos;
mod cloudfront;
pub(crate) mod dynamo;
mod elasticache;
mod front;
mod lines;
mod mail;
pub mod outbox;
mod query;
pub mod razorpay;
pub mod s3;
pub mod secrets;
mod server;
mod ses;
mod sns;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::StartError;
use crate::guard;
use crate::world::World;

pub use self::front::OWNER_KEY;
pub(crate) use self::front::Reply;
pub(crate) use self::lines::Lines;
pub(crate) use self::server::{Dropped, serve};

use self::cloudfront::CloudFront;
use self::dynamo::Dynamo;
use self::front::{Engine, Front};
use self::razorpay::Sandbox;
use self::secrets::Secrets;

/// The sockets of the engines, bound before anything starts.
pub struct Listeners {
    /// `DynamoDB`.
    pub dynamodb: TcpListener,
    /// Secrets Manager.
    pub secretsmanager: TcpListener,
    /// SES.
    pub ses: TcpListener,
    /// SNS.
    pub sns: TcpListener,
    /// ElastiCache.
    pub elasticache: TcpListener,
    /// S3.
    pub s3: TcpListener,
    /// `CloudFront`.
    pub cloudfront: TcpListener,
    /// What delivers pictures in `CloudFront`'s place.
    pub cdn: TcpListener,
    /// Razorpay.
    pub razorpay: TcpListener,
}

/// The running engines. They end when this is dropped; what was acknowledged is on disk by then.
pub struct Engines {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

impl Engines {
    /// Serves every engine on its socket.
    pub async fn start(
        world: &Arc<World>,
        database: &dynoxide::Database,
        secrets: Arc<secrets::Store>,
        objects: &Arc<s3::Store>,
        sandbox: &Arc<Sandbox>,
        listeners: Listeners,
    ) -> Result<Self, StartError> {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let dynamo = Dynamo::start(database.clone(), &mut tasks, stopped.clone()).await?;
        let Listeners { dynamodb, secretsmanager, ses, sns, elasticache, s3, cloudfront, cdn, razorpay } =
            listeners;
        spawn(&mut tasks, dynamodb, world, dynamo, &stopped);
        spawn(&mut tasks, secretsmanager, world, Secrets::new(secrets, world.clock.shared()), &stopped);
        spawn(&mut tasks, ses, world, ses::Ses::new(world.outbox.clone(), world.clock.shared()), &stopped);
        spawn(&mut tasks, sns, world, sns::Sns::new(world.outbox.clone(), world.clock.shared()), &stopped);
        let cache = elasticache::ElastiCache::new(world.urls.redis.as_deref(), world.clock.now());
        spawn(&mut tasks, elasticache, world, cache, &stopped);
        tasks.spawn(s3::serve(s3, world, objects, stopped.clone()));
        razorpay::start(&mut tasks, razorpay, sandbox, &stopped);
        let kept = cdn::Kept::default();
        let invalidations = CloudFront::new(kept.clone(), world.clock.shared());
        spawn(&mut tasks, cloudfront, world, invalidations, &stopped);
        tasks.spawn(cdn::serve(cdn, world, objects, kept, stopped));
        Ok(Self { tasks, stop })
    }

    /// Takes no more calls and ends.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

fn spawn<E: Engine>(
    tasks: &mut JoinSet<()>,
    listener: TcpListener,
    world: &Arc<World>,
    engine: E,
    stopped: &watch::Receiver<bool>,
) {
    let front = Arc::new(Front::new(Arc::clone(world), engine));
    let handle = move |request| {
        let front = Arc::clone(&front);
        async move { front.handle(request).await }
    };
    tasks.spawn(serve(listener, guard::from_a_program, handle, stopped.clone()));
}
