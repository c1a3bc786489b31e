//! Offers a new job to the professionals around it, called by the table's stream when one is posted.
//!
//! Safe to be called again, late, or for what is gone: each is offered it once, and told once.

use aws_lambda_events::event::dynamodb::EventRecord;
use connecto_shared::{
    App, Fault,
    domain::{
        availability::Span,
        finding::{Search, Sort, Wanted},
        id::{JobId, ProfessionalId},
        job::{Job, JobState},
        place::Kilometres,
    },
    observe, slots,
    store::{catalogue, jobs, listings, professionals},
};
use futures_util::future::join_all;

/// So many professionals at most are offered a job, the nearest who could come.
const MOST: usize = 50;
/// So many are looked at for that.
const MOST_LOOKED_AT: usize = 200;
/// So many at once.
const AT_ONCE: usize = 8;

/// Offers the job that a record tells of.
#[tracing::instrument(name = "market.offer_job", skip_all)]
pub async fn handler(app: App, record: EventRecord) -> Result<(), Fault> {
    let key = record.change.keys.get("pk");
    let Some(serde_dynamo::AttributeValue::S(id)) = key else {
        return Err(Fault::new("a record of the marketplace without its key"));
    };
    let id: JobId = id.parse().map_err(|_| Fault::new("a record of the marketplace that is no job's"))?;
    match find_open(&app, id).await? {
        Some(job) => offer(&app, &job).await,
        None => Ok(()),
    }
}

async fn find_open(app: &App, id: JobId) -> Result<Option<Job>, Fault> {
    let (job, catalogue) = (jobs::find(app, id).await?, catalogue::current(app).await?);
    let is_open = |job: &Job| job.state_at(app.now()) == JobState::Open;
    Ok(job.filter(|job| is_open(job) && catalogue.offers(&job.asks.category)))
}

/// Offers it to a few at a time, the nearest first, until it is offered to enough or not open any more. Those for whom that fails
/// keep nobody else from it; it is tried again for them.
async fn offer(app: &App, job: &Job) -> Result<(), Fault> {
    let Some(window) = job.asks.when.window(app.now()) else { return Ok(()) };
    let (mut offered, mut failed) = (0, None);
    let mut kept = |outcome: Result<Option<ProfessionalId>, Fault>| {
        outcome.unwrap_or_else(|fault| {
            observe::fault(&fault, "not offered", None);
            failed = Some(fault);
            None
        })
    };
    for some in nearest(app, job).await?.chunks(AT_ONCE) {
        if offered >= MOST || find_open(app, job.job_id).await?.is_none() {
            break;
        }
        let looked_at = join_all(some.iter().map(|id| can_come(app, job, *id, window))).await;
        let could_come: Vec<_> = looked_at.into_iter().filter_map(&mut kept).take(MOST - offered).collect();
        let offering = could_come.into_iter().map(async |id| {
            jobs::offer(app, job, id).await?;
            Ok(Some(id))
        });
        offered += join_all(offering).await.into_iter().filter_map(&mut kept).count();
    }
    failed.map_or(Ok(()), Err)
}

/// Those nearest who do such work and come to the place. A search, a wider one where few are near.
async fn nearest(app: &App, job: &Job) -> Result<Vec<ProfessionalId>, Fault> {
    let mut nearest = Vec::new();
    for radius in Kilometres::WIDER_AND_WIDER {
        let search = Search {
            wanted: Wanted::Professionals,
            category: job.asks.category.clone(),
            place: job.asks.place.point,
            pin_code: job.asks.place.pin_code.clone(),
            radius,
            max_price: None,
            min_rating: None,
            language: None,
            sort: Sort::Distance,
        };
        let found = listings::find(app, &search).await?.into_iter();
        nearest = found.map(|found| found.listing.professional_id).collect();
        // Nobody is offered what they want done themselves.
        nearest.retain(|id| id.uuid() != job.customer_id.uuid());
        if nearest.len() >= MOST_LOOKED_AT {
            break;
        }
    }
    nearest.truncate(MOST_LOOKED_AT);
    Ok(nearest)
}

/// That somebody can be found and could come, if so.
async fn can_come(
    app: &App,
    job: &Job,
    id: ProfessionalId,
    window: Span,
) -> Result<Option<ProfessionalId>, Fault> {
    let is_public = professionals::find_public(app, id).await?.is_some();
    let place = job.asks.place.point.coarse();
    Ok((is_public && slots::works(app, id, place, window).await?).then_some(id))
}
