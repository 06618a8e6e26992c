//! Publishing: `POST /publish`, as a form or as JSON.

mod rate;

use std::collections::BTreeMap;

use cyclone_edge_protocol::{ChannelName, EventName, IdempotencyKey, InvalidPublishForm, MessageId, PublishForm};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use worker::{Env, Request, Response, console_error};

use crate::{
    config::Config,
    error::Error,
    hooks::{Hooks, Publication},
    http::read_bounded,
    objects::{Append, Attempt, Body, ChannelStub},
    rights::{Publisher, authorize_publisher, shown_by_publisher},
};

/// A byte of a message takes up to six in a body: `\u0000` in JSON, `%00` in a form.
const MAX_BODY_BYTES_PER_BYTE: usize = 6;
/// What a body may hold beside the message: a hundred names, a key.
const MAX_BODY_BYTES_BESIDE: usize = 256 * 1024;

/// How many channels a message is published to at the same time.
const CHANNELS_AT_ONCE: usize = 25;

/// All is well.
#[derive(Serialize)]
pub(crate) struct Published {
    status: &'static str,
    /// The id of the message in each channel.
    ids: BTreeMap<String, MessageId>,
}

/// Publishes a message to every channel that the request names.
pub(crate) async fn publish(
    request: &mut Request,
    env: &Env,
    config: &Config,
    hooks: &impl Hooks,
) -> Result<Response, Error> {
    let form = read_form(request, config.max_message_bytes).await?;
    let shown = shown_by_publisher(request, form.key.as_deref())?;
    let publisher = authorize_publisher(&shown, &form.channels, config).await?;
    rate::count(&publisher, env, config).await?;
    hooks.authorize_publisher(request, &form.channels).await?;
    let header = request.headers().get("Idempotency-Key")?.map(IdempotencyKey::new).transpose()?;
    let attempt = attempt(header, &form)?;
    let publication = Publication { channels: form.channels, event: form.event, message: form.message };
    let publication = hooks.inspect(publication).await?;
    Ok(Response::from_json(&append(publication, attempt, &publisher, env, config).await?)?)
}

/// Publishes what a client without requests of its own asks for, a SockJS session, that has shown this. There are no hooks
/// to ask.
pub(crate) async fn publish_form(
    form: PublishForm,
    shown: &str,
    env: &Env,
    config: &Config,
) -> Result<Published, Error> {
    let publisher = authorize_publisher(shown, &form.channels, config).await?;
    rate::count(&publisher, env, config).await?;
    let attempt = attempt(None, &form)?;
    let publication = Publication { channels: form.channels, event: form.event, message: form.message };
    append(publication, attempt, &publisher, env, config).await
}

async fn append(
    publication: Publication,
    attempt: Option<Attempt>,
    publisher: &Publisher,
    env: &Env,
    config: &Config,
) -> Result<Published, Error> {
    check_size(&publication, config.max_message_bytes)?;
    published(append_to_all(env, publication, attempt).await?, publisher)
}

async fn read_form(request: &mut Request, max_message_bytes: usize) -> Result<PublishForm, Error> {
    let content_type = request.headers().get("Content-Type")?.unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let read = match media_type.as_str() {
        "application/x-www-form-urlencoded" => PublishForm::from_form,
        "application/json" => PublishForm::from_json,
        _ => {
            let expected = "the content type is `application/x-www-form-urlencoded` or `application/json`";
            return Err(Error::refused(415, "unsupported_content_type", expected));
        }
    };
    let max_body_bytes = MAX_BODY_BYTES_PER_BYTE * max_message_bytes + MAX_BODY_BYTES_BESIDE;
    let body = read_bounded(request, max_body_bytes).await?;
    Ok(read(&body, max_message_bytes)?)
}

/// The key that makes the publish safe to repeat, from the header `Idempotency-Key` or the field `id`.
fn attempt(header: Option<IdempotencyKey>, form: &PublishForm) -> Result<Option<Attempt>, Error> {
    let key = match (header, form.id.clone()) {
        (Some(header), Some(field)) if header != field => {
            let message = "the header `Idempotency-Key` and the field `id` differ";
            return Err(Error::refused(400, "invalid_idempotency_key", message));
        }
        (header, field) => header.or(field),
    };
    Ok(key.map(|key| Attempt { key, fingerprint: fingerprint(form) }))
}

/// A digest of type and message; where it goes is left out, so that a publish can be repeated for some of its channels.
fn fingerprint(form: &PublishForm) -> String {
    let event = form.event.as_ref().map_or("", EventName::as_str);
    // A type holds no NUL.
    let digest = Sha256::new().chain_update(event).chain_update([0]).chain_update(&form.message).finalize();
    format!("{digest:x}")
}

/// A hook may have changed the message.
fn check_size(publication: &Publication, max_bytes: usize) -> Result<(), Error> {
    match publication.message.len() {
        0 => Err(InvalidPublishForm::Missing("message").into()),
        length if length > max_bytes => Err(InvalidPublishForm::MessageTooLarge { max_bytes }.into()),
        _ => Ok(()),
    }
}

type Outcome = (ChannelName, Result<MessageId, Error>);

async fn append_to_all(env: &Env, publication: Publication, attempt: Option<Attempt>) -> Result<Vec<Outcome>, Error> {
    let message = Body::of(&Append { event: publication.event, data: publication.message, attempt })?;
    let append = async |channel: &ChannelName| match ChannelStub::of(env, channel) {
        Ok(stub) => stub.append(&message).await,
        Err(error) => Err(error),
    };
    let outcomes = publication.channels.iter().map(async |channel| (channel.clone(), append(channel).await));
    Ok(stream::iter(outcomes).buffered(CHANNELS_AT_ONCE).collect().await)
}

/// All is well, or the answer says which channels have the message and what is the matter with each of the others. Of
/// those that are `unavailable` it is not known whether they have it: an answer may have been lost.
fn published(outcomes: Vec<Outcome>, publisher: &Publisher) -> Result<Published, Error> {
    let mut ids = BTreeMap::new();
    let mut failed = BTreeMap::new();
    let mut worst: Option<Error> = None;
    for (channel, outcome) in outcomes {
        let channel = String::from(channel);
        match outcome {
            Ok(id) => {
                ids.insert(channel, id);
            }
            Err(error) => {
                console_error!("a message by {publisher} was not published to {channel:?}: {error}");
                failed.insert(channel, error.code());
                // 503 before 429 before 422: what passes by itself is worth another attempt.
                worst = worst.filter(|worst| worst.status() >= error.status()).or(Some(error));
            }
        }
    }
    let Some(error) = worst else { return Ok(Published { status: "ok", ids }) };
    let is_split = !ids.is_empty() || failed.values().any(|code| *code != error.code());
    let error = if is_split { error.with_message("the message was not published to every channel") } else { error };
    Err(error.with_detail("failed", json!(failed)).with_detail("ids", json!(ids)))
}
