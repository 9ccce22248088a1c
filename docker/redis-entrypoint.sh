#!/bin/sh
# Writes the users of deploy/redis/users.acl with the hashes of their passwords, and becomes the server with the options
# that are given. Passwords never stand on a command line, where every process of the machine could read them.
set -eu
umask 077

secrets="${THOR_SECRETS:-/run/secrets}"
template="${THOR_ACL:-/etc/thor/users.acl}"
users="${TMPDIR:-/tmp}/users.acl"

hashes=""
for role in $(sed -n 's/^user thor_\([a-z]*\) .*/\1/p' "$template"); do
    file="$secrets/redis_${role}_password"
    if [ ! -r "$file" ] || [ "$(tr -d '\n' <"$file" | wc -c)" -lt 16 ]; then
        echo "error: $file is missing or shorter than 16 letters: sh deploy/secrets.sh makes it" >&2
        exit 2
    fi
    hashes="$hashes thor_$role=#$(tr -d '\n' <"$file" | sha256sum | cut -d ' ' -f 1)"
done

awk -v hashes="$hashes" '
function whole(text,    name, at) {
    for (name in words)
        while ((at = index(text, "{" name "}")) > 0)
            text = substr(text, 1, at - 1) words[name] substr(text, at + length(name) + 2)
    return text
}
function close_line(    part) {
    split(line, part, " ")
    if (part[1] == "let") words[part[2]] = whole(substr(line, length("let " part[2]) + 2))
    if (part[1] == "user") {
        line = whole(line)
        if (part[2] in hash) sub(" on ", " on " hash[part[2]] " ", line)
        print line
    }
    line = ""
}
BEGIN {
    count = split(hashes, pairs, " ")
    for (i = 1; i <= count; i++) { split(pairs[i], pair, "="); hash[pair[1]] = pair[2] }
}
/^#/ || /^$/ { next }
/^ / { sub(/^ +/, ""); line = line " " $0; next }
{ close_line(); line = $0 }
END { close_line() }
' "$template" >"$users"
server="${REDIS_SERVER:-redis-server}"
# A server that does not know a command of the file does not start. Redis 7.0 has not this one, nor do clients need it.
if "$server" --version | grep -q 'v=7\.0\.'; then sed -i 's/ +client|setinfo//' "$users"; fi
exec "$server" "$@" --aclfile "$users"
