//! The peer: nginx with Nchan, as Debian packages it, with one worker process.

use std::path::{Path, PathBuf};

use crate::processors::Processors;

const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// Messages are kept in memory only, ten for each channel, which is for listeners that come back; the hub keeps its own on
/// disk, ten thousand for each.
const CONFIG: &str = r#"load_module "MODULE";
user root;
daemon off;
worker_processes 1;
worker_rlimit_nofile FILES;
pid "FOLDER/nginx.pid";
error_log "FOLDER/error.log";
events {
    worker_connections CONNECTIONS;
}
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path "FOLDER/body";
    proxy_temp_path "FOLDER/proxy";
    fastcgi_temp_path "FOLDER/fastcgi";
    uwsgi_temp_path "FOLDER/uwsgi";
    scgi_temp_path "FOLDER/scgi";
    nchan_shared_memory_size 512M;
    server {
        listen 127.0.0.1:PORT;
        location = /healthz {
            return 200;
        }
        location ~ ^/sub/(.+)$ {
            nchan_subscriber eventsource;
            nchan_channel_id $1;
            nchan_channel_id_split_delimiter ",";
            nchan_subscriber_first_message newest;
        }
        location ~ ^/pub/(.+)$ {
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_buffer_length 10;
            nchan_message_timeout 1m;
        }
    }
}
"#;

/// The program, where it and its module are there.
pub(crate) fn program() -> Option<PathBuf> {
    let named = std::env::var_os("NGINX").map(PathBuf::from);
    let program = named.unwrap_or_else(|| PathBuf::from("/usr/sbin/nginx"));
    (program.exists() && Path::new(MODULE).exists()).then_some(program)
}

/// What starts it.
pub(crate) fn command(processors: Processors, program: &Path, config: &Path) -> Vec<String> {
    let mut words: Vec<String> = processors.server().iter().map(|word| (*word).to_owned()).collect();
    words.extend([program.display().to_string(), "-c".to_owned(), config.display().to_string()]);
    words
}

/// The configuration. It may open as many files as this process.
pub(crate) fn config(folder: &str, port: u16) -> String {
    let (files, _) = rlimit::Resource::NOFILE.get().unwrap_or((1_024, 1_024));
    let connections = files.saturating_sub(100).clamp(100, 60_000);
    let config = CONFIG.replace("MODULE", MODULE).replace("PORT", &port.to_string());
    let config = config.replace("FILES", &files.to_string()).replace("CONNECTIONS", &connections.to_string());
    config.replace("FOLDER", folder)
}

/// The versions of nginx and of the module.
pub(crate) fn versions() -> Option<String> {
    let output = std::process::Command::new(program()?).arg("-v").output().ok()?;
    let nginx = String::from_utf8(output.stderr).ok()?.trim().replace("nginx version: ", "");
    let query = ["-W", "-f", "${Version}", "libnginx-mod-nchan"];
    let output = std::process::Command::new("dpkg-query").args(query).output().ok();
    let nchan = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    Some(format!("{nginx}, Nchan {}", nchan.trim()))
}
