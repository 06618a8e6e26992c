//! nginx in front of a hub, with the site that self-hosters put there.

use std::{fs, net::TcpListener, process::Stdio};

use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command};

use crate::{Group, Hub, eventually, project::root};

/// What surrounds the site: buffering and compression of all that they can be had for, so that nothing but the site's own
/// lines lets events pass.
const AROUND: &str = r#"
    user root;
    daemon off;
    worker_processes 1;
    pid "FOLDER/nginx.pid";
    error_log "FOLDER/error.log";
    events { worker_connections 1024; }
    http {
        access_log off;
        client_body_temp_path "FOLDER/body";
        proxy_temp_path "FOLDER/proxy";
        fastcgi_temp_path "FOLDER/fastcgi";
        uwsgi_temp_path "FOLDER/uwsgi";
        scgi_temp_path "FOLDER/scgi";
        gzip on;
        gzip_types *;
        gzip_proxied any;
        gzip_min_length 0;
        proxy_ignore_headers X-Accel-Buffering;
        include "FOLDER/site.conf";
    }
"#;

/// A running nginx.
#[derive(Debug)]
pub struct Nginx {
    port: u16,
    _process: Group,
    _folder: TempDir,
}

impl Nginx {
    pub async fn start(hub: &Hub) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It takes no port of the kernel's choice.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        fs::write(folder.path().join("site.conf"), site(port, &hub.address())).unwrap();
        let config = folder.path().join("nginx.conf");
        fs::write(&config, AROUND.replace("FOLDER", folder.path().to_str().unwrap())).unwrap();
        let process = Group::start(Command::new(program()).arg("-c").arg(&config).stdin(Stdio::null()));
        let nginx = Self { port, _process: process, _folder: folder };
        let connect = async || TcpStream::connect(("127.0.0.1", nginx.port)).await.is_ok();
        eventually("nginx to listen", connect, |listens| *listens).await;
        nginx
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

fn program() -> String {
    std::env::var("NGINX").unwrap_or_else(|_| "/usr/sbin/nginx".to_owned())
}

/// The site, with other addresses.
fn site(port: u16, hub: &str) -> String {
    let mut site = fs::read_to_string(root().join("examples/self-host/nginx.conf")).unwrap();
    for (shipped, own, count) in [
        ("listen 80;", format!("listen 127.0.0.1:{port};"), 1),
        ("listen [::]:80;", String::new(), 1),
        ("http://127.0.0.1:8080", format!("http://{hub}"), 2),
    ] {
        assert_eq!(site.matches(shipped).count(), count, "{shipped} in {site}");
        site = site.replace(shipped, &own);
    }
    site
}
