//! The wire contract, line by line.

use harness::{Hub, KEY, Listener, eventually, raw_request};
use serde_json::{Value, json};

#[tokio::test]
async fn a_stream_opens_with_retry_and_the_cursor_in_its_first_bytes() {
    let hub = Hub::builder().setting("RETRY_MS", 4_000).start().await;
    let request = "GET /?channels=a HTTP/1.1\r\nHost: hub\r\nAccept: text/event-stream\r\n\r\n";
    let mut response = raw_request(&hub, request).await;
    let text = response.read_until("the greeting", |text| text.contains("\n\n")).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    for header in ["Content-Type: text/event-stream; charset=utf-8", "Cache-Control: no-cache, no-transform"] {
        assert!(head.contains(header), "{header} in {head}");
    }
    // One HTTP chunk: its size in hexadecimal, then the block.
    let fields = body.strip_prefix("21\r\nretry: ").and_then(|rest| rest.strip_suffix("\n\n\r\n"));
    let (retry_ms, blank_at_ms) =
        fields.and_then(|fields| fields.split_once("\nid: 0@")).unwrap_or_else(|| panic!("{body:?}"));
    assert!((4_000..=6_000).contains(&retry_ms.parse::<u64>().unwrap()), "{retry_ms}");
    assert!(blank_at_ms.parse::<u64>().is_ok_and(|at_ms| at_ms.abs_diff(now_ms()) < 60_000), "{blank_at_ms}");
}

#[tokio::test]
async fn the_id_of_a_single_channel_is_the_message_id_and_tells_the_time() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let before = now_ms();
    let id = hub.publish(&["a"], "hello").await["a"];
    assert!((before..=now_ms()).contains(&id), "{id} near {before}");
    let event = listener.next_event().await;
    assert_eq!((event.event.as_str(), event.data.as_str()), ("message", "hello"));
    assert_eq!(event.last_event_id, id.to_string());
}

#[tokio::test]
async fn ids_go_on_increasing_however_fast_messages_come() {
    let hub = Hub::start().await;
    let mut listener = hub.subscribe(&["a"]).await;
    let publishes = (0..50).map(|n| {
        let hub = &hub;
        async move { hub.publish(&["a"], &n.to_string()).await["a"] }
    });
    let mut acknowledged = futures::future::join_all(publishes).await;
    acknowledged.sort_unstable();
    let mut delivered: Vec<u64> = Vec::new();
    for _ in 0..50 {
        delivered.push(listener.next_event().await.last_event_id.parse().unwrap());
    }
    assert_eq!(delivered, acknowledged, "in the order of their ids");
    assert!(delivered.is_sorted_by(|one, next| one < next), "{delivered:?}");
}

#[tokio::test]
async fn every_way_to_name_channels_listens_to_them() {
    let hub = Hub::start().await;
    for query in [
        "/?channels=a&channels=b",
        "/sse/?channels=a,b",
        "/sse?channels=b&channels=a&uuid=1&_=2",
        "/?channels[]=a&channels%5B%5D=b",
    ] {
        let mut response = hub.get(query).send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        let greeting = response.chunk().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&greeting).contains("\nid: 0.0@"), "{query}: {greeting:?}");
    }
}

#[tokio::test]
async fn parameters_that_nobody_knows_are_ignored_whatever_they_hold() {
    let hub = Hub::start().await;
    for query in ["uuid=1&_=2", "_=%ff", "%ff=1", "key=&&=&x"] {
        assert_eq!(hub.get(&format!("/?channels=a&{query}")).send().await.unwrap().status(), 200, "{query}");
    }
}

#[tokio::test]
async fn a_greeting_can_be_an_event_for_those_who_see_no_bytes() {
    let hub = Hub::start().await;
    for channels in [&["a"][..], &["a", "b"]] {
        let mut listener = Listener::new(channels).with("greeting", "event");
        listener.connect(&hub).await.unwrap();
        let hello = listener.next_event().await;
        assert_eq!((hello.event.as_str(), hello.data.as_str()), ("sse.hello", ""));
        hub.publish(&["a"], "1").await;
        assert_eq!(listener.next_event().await.data, "1");
        let mut again = hub.resume(channels, &hello.last_event_id).await;
        assert_eq!(again.next_event().await.data, "1");
    }
}

#[tokio::test]
async fn names_of_any_script_are_channels() {
    let hub = Hub::start().await;
    for name in ["Новости дня", "a/b?c=d&e#f", "🦀", &"x".repeat(256)] {
        let mut listener = hub.subscribe(&[name]).await;
        hub.publish(&[name], "hello").await;
        assert_eq!(listener.next_event().await.data, "hello", "{name}");
    }
}

#[tokio::test]
async fn keep_alives_come_at_their_interval() {
    let hub = Hub::builder().setting("KEEPALIVE_SECONDS", 1).start().await;
    let began = std::time::Instant::now();
    let mut listener = hub.subscribe(&["a"]).await;
    listener.read_until("three keep-alives", |text| text.matches(": sse ping\n\n").count() == 3).await;
    assert!(began.elapsed().as_millis() >= 2_900, "{:?}", began.elapsed());
}

#[tokio::test]
async fn the_last_event_id_is_read_from_the_header_or_from_what_polyfills_write() {
    let hub = Hub::start().await;
    let first = hub.publish(&["a"], "first").await["a"];
    hub.publish(&["a"], "second").await;
    for name in ["lastEventId", "last-event-id", "Last-Event-ID"] {
        let mut response = hub.get(&format!("/?channels=a&{name}={first}")).send().await.unwrap();
        let mut text = String::new();
        while !text.contains("data: ") {
            text.push_str(&String::from_utf8_lossy(&response.chunk().await.unwrap().unwrap()));
        }
        assert!(text.contains("data: second\n") && !text.contains("first"), "{name}: {text}");
    }
}

#[tokio::test]
async fn healthz_answers_200() {
    let hub = Hub::start().await;
    assert_eq!(hub.get("/healthz").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn stats_lists_channels_with_their_listeners() {
    let hub = Hub::start().await;
    assert_eq!(hub.get("/stats").send().await.unwrap().json::<Value>().await.unwrap(), json!([]));
    let _one = hub.subscribe(&["base"]).await;
    let _two = hub.subscribe(&["base", "cats"]).await;
    let _three = hub.subscribe(&["base", "cats"]).await;
    let stats = eventually("three listeners", || hub.stats(), |stats| stats.get("base") == Some(&3)).await;
    assert_eq!(stats, [("base".to_owned(), 3), ("cats".to_owned(), 2)].into());
}

#[tokio::test]
async fn any_page_may_read_answers_by_default_and_none_with_credentials() {
    let hub = Hub::start().await;
    for (method, path) in [("GET", "/healthz"), ("GET", "/?channels=a"), ("GET", "/nowhere"), ("POST", "/publish")] {
        let response = hub.request(method, path).header("Origin", "https://page.example").send().await.unwrap();
        assert_eq!(response.headers()["access-control-allow-origin"], "*", "{path}");
        assert_eq!(response.headers()["access-control-expose-headers"], "Retry-After", "{path}");
        assert!(!response.headers().contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn listed_origins_may_read_answers_with_credentials_and_others_may_not() {
    let hub = Hub::builder().setting("CORS_ORIGINS", "https://page.example, http://localhost:3000").start().await;
    let origin = async |origin: &str| {
        let response = hub.get("/?channels=a").header("Origin", origin).send().await.unwrap();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("vary").as_deref(), Some("Origin"));
        (header("access-control-allow-origin"), header("access-control-allow-credentials"))
    };
    assert_eq!(origin("http://localhost:3000").await, (Some("http://localhost:3000".into()), Some("true".into())));
    assert_eq!(origin("https://page.example.evil").await, (None, None));
}

#[tokio::test]
async fn preflights_allow_what_event_sources_polyfills_and_publishers_send() {
    let page = "https://page.example";
    for (cors_origins, credentials) in [("*", None), (page, Some("true"))] {
        let hub = Hub::builder().setting("CORS_ORIGINS", cors_origins).start().await;
        for (path, method) in [("/?channels=a", "GET"), ("/sse", "GET"), ("/sse/", "GET"), ("/publish", "POST")] {
            let preflight = async |origin: &str| {
                let request = hub.request("OPTIONS", path).header("Origin", origin);
                let request = request.header("Access-Control-Request-Method", method);
                request.header("Access-Control-Request-Headers", "authorization,last-event-id").send().await.unwrap()
            };
            let response = preflight(page).await;
            let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap());
            let names = |name: &str| header(name).unwrap().split(", ").map(str::to_lowercase).collect::<Vec<_>>();
            assert_eq!(response.status(), 204, "{path}");
            assert_eq!(header("access-control-allow-origin"), Some(cors_origins), "{path}");
            assert_eq!(header("access-control-allow-credentials"), credentials, "{path}");
            assert_eq!(names("access-control-allow-methods"), ["get", "head", "post", "options"], "{path}");
            // By their names: with credentials `*` allows nothing, and without them no `Authorization`.
            assert_eq!(
                names("access-control-allow-headers"),
                [
                    "authorization",
                    "cache-control",
                    "content-type",
                    "idempotency-key",
                    "last-event-id",
                    "x-requested-with"
                ],
                "{path}"
            );
            let other = preflight("https://other.example").await;
            assert_eq!(other.headers().contains_key("access-control-allow-origin"), credentials.is_none(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_opens_the_hub_gets_the_demo_page_and_its_files() {
    let hub = Hub::start().await;
    let page = hub.get("/").header("Accept", "text/html,*/*").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("'wasm-unsafe-eval'"));
    assert!(page.text().await.unwrap().contains("/media/demo.js"));
    for (path, content_type) in [
        ("/media/demo.js", "text/javascript; charset=utf-8"),
        ("/media/demo.css", "text/css; charset=utf-8"),
        ("/media/client/cyclone_edge_client.js", "text/javascript; charset=utf-8"),
        ("/media/client/cyclone_edge_client_bg.wasm", "application/wasm"),
    ] {
        let file = hub.get(path).send().await.unwrap();
        assert_eq!(
            (file.status().as_u16(), file.headers()["content-type"].to_str().unwrap()),
            (200, content_type),
            "{path}"
        );
        assert!(!file.bytes().await.unwrap().is_empty());
    }
    for path in
        ["/media/", "/media/client", "/media/nothing.js", "/media/../wrangler.toml", "/media/%2e%2e/wrangler.toml"]
    {
        assert_eq!(hub.get(path).send().await.unwrap().status(), 404, "{path}");
    }
}

#[tokio::test]
async fn the_key_opens_publishing_in_the_form_the_json_and_the_header() {
    let hub = Hub::start().await;
    let form = hub.post("/publish").form(&[("key", KEY), ("channel", "a"), ("message", "1")]);
    let field = hub.post("/publish").json(&json!({ "key": KEY, "channel": "a", "message": "1" }));
    let header = hub.post("/publish").bearer_auth(KEY).form(&[("channel", "a"), ("message", "1")]);
    for request in [form, field, header] {
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

fn now_ms() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}
