#!/bin/bash
# Makes this instance the way out of a workspace's network: plain address translation, or, with a
# list of domains, a proxy that lets HTTP and HTTPS to these domains through and nothing else.
# It runs once, at first boot. What it sets up is kept by services that start at every boot.
set -euo pipefail
exec > >(tee -a /var/log/nfplan-proxy.log) 2>&1

network=@NETWORK@
domains=/etc/nfplan/allowed-domains

# The image runs containers; this instance does not.
systemctl disable --now ecs.service docker.service docker.socket || true

# Packages come from the release that the image is locked to, so they change only with the image.
dnf install -y iptables-nft iptables-services

mkdir -p /etc/nfplan
cat > "$domains" <<'DOMAINS'
@ALLOW_DOMAINS@
DOMAINS
sed -i '/^$/d' "$domains"

cat > /etc/sysctl.d/90-nfplan.conf <<'SYSCTL'
net.ipv4.ip_forward = 1
SYSCTL
sysctl --system

if [ -s "$domains" ]; then
  dnf install -y squid openssl

  # Squid wants a certificate for a port that looks into TLS, though it never presents this one:
  # connections are passed on unopened or closed.
  mkdir -p /etc/squid/tls
  openssl req -new -newkey rsa:2048 -days 3650 -nodes -x509 -subj "/CN=nfplan-proxy" \
    -keyout /etc/squid/tls/proxy.pem -out /etc/squid/tls/certificate.pem
  cat /etc/squid/tls/certificate.pem >> /etc/squid/tls/proxy.pem
  chown -R root:squid /etc/squid/tls
  chmod 0750 /etc/squid/tls
  chmod 0640 /etc/squid/tls/proxy.pem /etc/squid/tls/certificate.pem

  cat > /etc/squid/squid.conf <<SQUID
visible_hostname nfplan-proxy
http_port 3128
http_port 3129 intercept
https_port 3130 intercept ssl-bump tls-cert=/etc/squid/tls/proxy.pem generate-host-certificates=off
cache deny all

acl inside src $network
acl link_local dst 169.254.0.0/16
acl tls_port port 443
acl web_port port 80
acl hello at_step SslBump1
acl allowed_host dstdomain "$domains"
acl allowed_name ssl::server_name "$domains"

http_access deny link_local
http_access deny !inside
http_access allow tls_port
http_access allow web_port allowed_host
http_access deny all

ssl_bump peek hello
ssl_bump splice allowed_name
ssl_bump terminate all
SQUID
  squid -k parse
  systemctl enable --now squid.service

  # Only what was redirected may enter, and nothing is forwarded.
  cat > /etc/sysconfig/iptables <<RULES
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -s $network ! -d $network -p tcp --dport 80 -j REDIRECT --to-ports 3129
-A PREROUTING -s $network ! -d $network -p tcp --dport 443 -j REDIRECT --to-ports 3130
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A INPUT -s $network -p tcp -m multiport --dports 3129,3130 -m conntrack --ctstate DNAT -j ACCEPT
COMMIT
RULES
else
  cat > /etc/sysconfig/iptables <<RULES
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s $network ! -d $network -j MASQUERADE
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
-A FORWARD -s $network -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT
COMMIT
RULES
fi
systemctl enable iptables.service
systemctl restart iptables.service
