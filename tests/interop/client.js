// A client that shares no code with the server: grpc-js, with the protos read at run time.
//
//   node client.js ADDRESS REQUESTS INCLUDE...
//
// REQUESTS is a JSON file: a list of EvaluateRequest, sent one after another. Prints a JSON list with, for each,
// {"response": EvaluateResponse} or {"error": {"code", "message", "details": [{"type", "value"}]}}, where the details are
// those of the google.rpc.Status that came with the error.

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const grpc = require("@grpc/grpc-js");
const protoLoader = require("@grpc/proto-loader");
const protobuf = require("protobufjs");

const DEADLINE_MS = 10_000;
const SHOWN = { longs: String, enums: String, defaults: true, oneofs: true };

const [address, requestsFile, ...includeDirs] = process.argv.slice(2);
const found = (name) => includeDirs.map((dir) => path.join(dir, name)).find((file) => fs.existsSync(file));

const definition = protoLoader.loadSync("vpi/v1/evaluation.proto", { ...SHOWN, keepCase: true, includeDirs });
const { EvaluationService } = grpc.loadPackageDefinition(definition).vpi.v1;
const client = new EvaluationService(address, grpc.credentials.createInsecure());

const details = new protobuf.Root();
details.resolvePath = (_origin, target) => found(target) || target;
details.loadSync(["google/rpc/status.proto", "google/rpc/error_details.proto"], { keepCase: true });

function richDetails(metadata) {
  const [packed] = metadata.get("grpc-status-details-bin");
  if (!packed) return [];
  return details.lookupType("google.rpc.Status").decode(packed).details.map((any) => {
    const type = details.lookupType(any.type_url.split("/").pop());
    return { type: type.fullName.slice(1), value: type.toObject(type.decode(any.value), SHOWN) };
  });
}

function evaluate(request) {
  return new Promise((resolve) => {
    client.Evaluate(request, { deadline: Date.now() + DEADLINE_MS }, (error, response) => {
      if (!error) return resolve({ response });
      const { code, details: message, metadata } = error;
      return resolve({ error: { code: grpc.status[code], message, details: richDetails(metadata) } });
    });
  });
}

async function main() {
  const answers = [];
  for (const request of JSON.parse(fs.readFileSync(requestsFile, "utf8"))) answers.push(await evaluate(request));
  client.close();
  process.stdout.write(JSON.stringify(answers) + "\n");
}

main();
