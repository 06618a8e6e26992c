//! Publishing: `POST /publish`, as a form or as JSON.

use std::collections::BTreeMap;

use cyclone_edge_protocol::{ChannelName, InvalidPublishForm, MessageId, PublishForm};
use futures::{StreamExt, stream};
use serde::Serialize;
use serde_json::json;
use worker::{Env, Request, Response, console_error};

use crate::{
    config::Config,
    error::Error,
    hooks::{Hooks, Publication},
    http::read_bounded,
    objects::{Append, Body, ChannelStub},
    rights::{Publisher, authorize_publisher},
};

/// A byte of a message takes up to six in a body: `\u0000` in JSON, `%00` in a form.
const MAX_BODY_BYTES_PER_BYTE: usize = 6;
/// What a body may hold beside the message: a hundred names, a key.
const MAX_BODY_BYTES_BESIDE: usize = 256 * 1024;

/// How many channels a message is published to at the same time.
const CHANNELS_AT_ONCE: usize = 25;

#[derive(Serialize)]
struct Published {
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
    let publisher = authorize_publisher(request, form.key.as_deref(), &form.channels, config).await?;
    hooks.authorize_publisher(request, &form.channels).await?;
    let publication = Publication { channels: form.channels, event: form.event, message: form.message };
    let publication = hooks.inspect(publication).await?;
    check_size(&publication, config.max_message_bytes)?;
    let outcomes = append_to_all(env, publication).await?;
    respond(outcomes, &publisher)
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

/// A hook may have changed the message.
fn check_size(publication: &Publication, max_bytes: usize) -> Result<(), Error> {
    match publication.message.len() {
        0 => Err(InvalidPublishForm::Missing("message").into()),
        length if length > max_bytes => Err(InvalidPublishForm::MessageTooLarge { max_bytes }.into()),
        _ => Ok(()),
    }
}

type Outcome = (ChannelName, Result<MessageId, Error>);

async fn append_to_all(env: &Env, publication: Publication) -> Result<Vec<Outcome>, Error> {
    let message = Body::of(&Append { event: publication.event, data: publication.message })?;
    let append = async |channel: &ChannelName| match ChannelStub::of(env, channel) {
        Ok(stub) => stub.append(&message).await,
        Err(error) => Err(error),
    };
    let outcomes = publication.channels.iter().map(async |channel| (channel.clone(), append(channel).await));
    Ok(stream::iter(outcomes).buffered(CHANNELS_AT_ONCE).collect().await)
}

/// All is well, or the answer says which channels have the message and for which that is not confirmed: there an answer
/// may have been lost.
fn respond(outcomes: Vec<Outcome>, publisher: &Publisher) -> Result<Response, Error> {
    let mut ids = BTreeMap::new();
    let mut failed = Vec::new();
    let mut failure = None;
    for (channel, outcome) in outcomes {
        match outcome {
            Ok(id) => {
                ids.insert(channel.as_str().to_owned(), id);
            }
            Err(error) => {
                console_error!("a message by {publisher} was not published to {:?}: {error}", channel.as_str());
                failed.push(channel.as_str().to_owned());
                failure = Some(error);
            }
        }
    }
    match failure {
        None => Ok(Response::from_json(&Published { status: "ok", ids })?),
        Some(error) => Err(error
            .with_detail("the message was not published to every channel", "failed", json!(failed))
            .with_detail("the message was not published to every channel", "ids", json!(ids))),
    }
}
