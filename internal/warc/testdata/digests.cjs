// Holds every digest of a WARC against its bytes: records are told apart by npm's warcio, hashed by node.
// node digests.cjs FOLDER_OF_NODE_MODULES FILE  prints the number of records; status 1 when one does not hold.
const { createRequire } = require("module"), fs = require("fs"), crypto = require("crypto");
const { WARCParser } = createRequire(require("path").resolve(process.argv[2]) + "/")("warcio");
const sha = b => "sha256:" + crypto.createHash("sha256").update(b).digest("hex");
(async () => {
	let n = 0, bad = 0;
	const ids = new Set(), file = process.argv[3];
	for await (const r of new WARCParser(fs.createReadStream(file), { parseHttp: false })) {
		const b = Buffer.from(await r.readFully(false)), id = r.warcHeader("WARC-Record-ID");
		if (r.warcHeader("WARC-Block-Digest") !== sha(b) || b.length !== Number(r.warcHeader("Content-Length")) || ids.has(id)) { bad++; console.error(r.warcType, r.warcTargetURI, "block") }
		ids.add(id); n++;
	}
	for await (const r of new WARCParser(fs.createReadStream(file))) {
		const want = r.warcHeader("WARC-Payload-Digest"), b = Buffer.from(await r.readFully(false));
		if (want && want !== sha(b)) { bad++; console.error(r.warcType, r.warcTargetURI, "payload") }
	}
	console.log(n);
	process.exit(bad || !n ? 1 : 0);
})().catch(e => { console.error(e.message); process.exit(1) });
