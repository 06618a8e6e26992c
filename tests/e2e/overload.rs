//! Overload is answered: 429 past a publish rate, 503 past the listeners that an object may hold, and those who come back
//! do not come all at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Stdio,
    time::Duration,
};

use harness::{Engine, Group, Hub, KEY, Listener, eventually, root, within};
use reqwest::Response;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::fallback::{BLANK, page};

fn retry_after(response: &Response) -> u64 {
    response.headers()["retry-after"].to_str().unwrap().parse().unwrap()
}

async fn code(response: Response) -> Value {
    response.json::<Value>().await.unwrap()["error"]["code"].clone()
}

#[tokio::test]
async fn past_the_publish_rate_of_a_channel_publishers_are_told_to_wait() {
    let hub = Hub::builder().setting("CHANNEL_PUBLISHES_PER_SECOND", 5).start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let mut published = Vec::new();
    let refused = loop {
        let number = published.len().to_string();
        let response = hub.try_publish(&["a"], &number).await.unwrap();
        if response.status() == 429 {
            break response;
        }
        assert_eq!(response.status(), 200);
        published.push(number);
    };
    assert!(published.len() >= 5, "{published:?}");
    assert_eq!(retry_after(&refused), 1);
    assert_eq!(code(refused).await, "too_many_publishes");
    // The others go on, and a publish to both says which of them lacks it.
    hub.publish(&["other"], "1").await;
    let split = loop {
        let response = hub.try_publish(&["a", "b"], "both").await.unwrap();
        if response.status() == 429 {
            break response.json::<Value>().await.unwrap();
        }
        published.push("both".to_owned());
    };
    assert_eq!(split["error"]["failed"], json!({ "a": "too_many_publishes" }), "{split}");
    assert!(split["error"]["ids"]["b"].is_u64(), "{split}");
    // Whoever waits as told gets through.
    let again = async || hub.try_publish(&["a"], "end").await.unwrap().status().as_u16();
    eventually("the next publish", again, |status| *status == 200).await;
    published.push("end".to_owned());
    assert_eq!(listener.next_data(published.len()).await, published, "what was refused was not published");
}

#[tokio::test]
async fn past_the_publish_rate_of_a_key_its_owner_is_told_to_wait() {
    let hub = Hub::builder().setting("KEY_PUBLISHES_PER_SECOND", 5).start().await;
    let mut channels = (0..).map(|number| format!("c{number}"));
    let refused = loop {
        let response = hub.try_publish(&[&channels.next().unwrap()], "1").await.unwrap();
        if response.status() != 200 {
            break response;
        }
    };
    assert_eq!((refused.status().as_u16(), retry_after(&refused)), (429, 1));
    assert_eq!(code(refused).await, "too_many_publishes");
    // A wrong key uses up nobody's rate.
    let wrong = hub.post("/publish").bearer_auth("wrong").json(&json!({ "channel": "a", "message": "1" })).send().await;
    assert_eq!(wrong.unwrap().status(), 401);
    let again = async || hub.try_publish(&["a"], "end").await.unwrap().status().as_u16();
    eventually("the next publish", again, |status| *status == 200).await;
}

#[tokio::test]
async fn a_limiter_that_is_none_is_named() {
    let hub = Hub::builder().setting("PUBLISH_LIMITER", 1_000).start().await;
    let refused: Value = hub.try_publish(&["a"], "1").await.unwrap().json().await.unwrap();
    assert_eq!(refused["error"]["code"], "misconfigured", "{refused}");
    assert_eq!(refused["error"]["message"], "the setting PUBLISH_LIMITER must be a rate limiting binding");
}

#[tokio::test]
async fn a_repeat_of_what_was_published_is_not_counted() {
    let hub = Hub::builder().setting("CHANNEL_PUBLISHES_PER_SECOND", 1).start().await;
    let body = json!({ "channel": "a", "message": "once", "id": "k" });
    for _ in 0..5 {
        assert_eq!(hub.post("/publish").bearer_auth(KEY).json(&body).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn past_the_listeners_that_all_objects_may_hold_more_are_told_to_come_later() {
    // A channel hands those over to the relay that it cannot hold.
    for (query, capacity) in [("channels=a", 4), ("channels=a&channels=b", 2)] {
        let hub = Hub::builder().setting("MAX_LISTENERS", 2).setting("RELAYS_PER_PLACE", 1).start().await;
        let names: Vec<&str> = query.split('&').map(|pair| pair.trim_start_matches("channels=")).collect();
        let mut listeners = Vec::new();
        for _ in 0..capacity {
            listeners.push(hub.subscribe(&names).await);
        }
        for transport in ["stream", "longpoll"] {
            let refused = hub.get(&format!("/?{query}&transport={transport}")).send().await.unwrap();
            assert_eq!(refused.status(), 503, "{query} {transport}");
            assert!((5..=15).contains(&retry_after(&refused)));
            assert_eq!(code(refused).await, "too_many_listeners");
        }
        hub.publish(&["a"], "1").await;
        for listener in &mut listeners {
            assert_eq!(listener.next_event().await.data, "1", "those who are there stay");
        }
        // One that leaves makes room.
        listeners.pop();
        let room = async || hub.get(&format!("/?{query}")).send().await.unwrap().status().as_u16();
        eventually("room", room, |status| *status == 200).await;
        eventually("one less", || hub.stats(), |stats| stats.get("a") == Some(&(capacity - 1))).await;
        Listener::new(&names).connect(&hub).await.unwrap();
    }
}

#[tokio::test]
async fn a_page_that_finds_no_room_comes_back_until_there_is_some() {
    let hub = Hub::builder().setting("MAX_LISTENERS", 1).setting("RELAYS_PER_PLACE", 1).start().await;
    let _channel_is_full = hub.subscribe(&["a"]).await;
    let first = hub.subscribe(&["a"]).await;
    let browser = page(Engine::Chromium, &hub.url(BLANK)).await;
    let script = "
        window.refusals = [];
        window.source = new Package('/sse/?channels=a', { hub: true });
        source.onmessage = ({ data }) => heard.push(data);
        source.onerror = ({ status }) => refusals.push(status);";
    browser.add_script(script).await;
    // The browser's own class keeps the status to itself, and gives up.
    browser.eventually("a refusal", "refusals", |refusals| *refusals == json!([503])).await;
    drop(first);
    // It waits for as long as the hub said, and some more.
    let is_open = async || browser.run("return source.readyState").await == 1;
    within(Duration::from_secs(60), "the page to be let in", async { while !is_open().await {} }).await;
    hub.publish(&["a"], "in").await;
    browser.eventually("a message", "heard", |heard| *heard == json!(["in"])).await;
}

#[tokio::test]
async fn those_who_are_cut_off_together_are_asked_to_come_back_at_different_times() {
    let hub = Hub::builder().setting("RETRY_MS", 10_000).start().await;
    let mut times = BTreeSet::new();
    for _ in 0..40 {
        let listener = hub.subscribe(&["a"]).await;
        let retry = listener.text().lines().find_map(|line| line.strip_prefix("retry: ")).unwrap().to_owned();
        times.insert(retry.parse::<u64>().unwrap());
    }
    assert!(times.iter().all(|ms| (10_000..=15_000).contains(ms)), "{times:?}");
    assert!(times.last().unwrap() - times.first().unwrap() > 2_000, "spread over the five seconds: {times:?}");
    eventually("nobody", || hub.stats(), BTreeMap::is_empty).await;
}

/// `wrangler dev` with the configuration that is shipped and its commented rate limiter, of three publishes.
fn wrangler_with_limiter(folder: &std::path::Path, port: u16) -> Group {
    let shipped = std::fs::read_to_string(root().join("wrangler.toml")).unwrap();
    let (shipped, limiter) = shipped.split_once("# [[ratelimits]]").expect("wrangler.toml shows a rate limiter");
    let limiter: String = limiter.lines().map(|line| format!("{}\n", line.trim_start_matches("# "))).collect();
    let mut config: toml::Table = shipped.parse().unwrap();
    let limiter: toml::Table = format!("[[ratelimits]]{limiter}").parse().unwrap();
    config.extend(limiter);
    config.remove("build");
    let three = toml::Value::try_from(BTreeMap::from([("limit", 3), ("period", 10)])).unwrap();
    config["ratelimits"][0]["simple"] = three;
    config["main"] = root().join("worker/build/index.js").display().to_string().into();
    config["assets"]["directory"] = root().join("media").display().to_string().into();
    config["vars"] = toml::Table::from_iter([("PUBLISH_KEY".to_owned(), KEY.into())]).into();
    std::fs::write(folder.join("wrangler.toml"), toml::to_string(&config).unwrap()).unwrap();
    let packages = root().join("node_modules/.bin");
    let path = format!("{}:{}", packages.display(), std::env::var("PATH").unwrap());
    Group::start(
        Command::new(packages.join("wrangler"))
            .args(["dev", "--ip", "127.0.0.1", "--show-interactive-dev-session=false", "--port", &port.to_string()])
            .current_dir(folder)
            .env("PATH", path)
            .env("WRANGLER_SEND_METRICS", "false")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    )
}

#[tokio::test]
async fn the_rate_limiter_of_the_platform_is_asked_where_there_is_one() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let _wrangler = wrangler_with_limiter(folder.path(), port);
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    for _ in 0..300 {
        if reqwest::get(url("/healthz")).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let client = reqwest::Client::new();
    let publish = async || {
        let body = json!({ "channel": "a", "message": "1" });
        client.post(url("/publish")).bearer_auth(KEY).json(&body).send().await.unwrap()
    };
    let mut statuses = BTreeSet::new();
    let refused = loop {
        let response = publish().await;
        statuses.insert(response.status().as_u16());
        if response.status() != 200 {
            break response;
        }
    };
    assert_eq!((statuses, retry_after(&refused)), (BTreeSet::from([200, 429]), 10));
    assert_eq!(code(refused).await, "too_many_publishes");
}
