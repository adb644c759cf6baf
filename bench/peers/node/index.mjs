// The Node peer: check an access token, read the user, answer and write one log line.
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { createLocalJWKSet, jwtVerify } from "jose";

const ROUTE = "GET /v1/users/me";
const LEEWAY = 30;
const LIFETIME = 15 * 60;

const keys = createLocalJWKSet(JSON.parse(process.env.JWT_JWKS));
const rules = {
  algorithms: ["EdDSA"],
  typ: "at+jwt",
  issuer: process.env.JWT_ISSUER,
  audience: process.env.JWT_AUDIENCE,
  clockTolerance: LEEWAY,
  requiredClaims: ["sub", "iat", "nbf", "exp", "epoch"],
};
const dynamodb = new DynamoDBClient({ maxAttempts: 3 });
let cold = true;

class Refused extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

async function verify(authorization) {
  const [scheme, token] = (authorization ?? "").split(" ", 2);
  if (scheme.toLowerCase() !== "bearer" || !token) throw new Refused(401, "unauthorized");
  const { payload } = await jwtVerify(token, keys, rules).catch(() => {
    throw new Refused(401, "unauthorized");
  });
  const { exp, iat } = payload;
  if (iat > Date.now() / 1000 + LEEWAY || exp - iat > LIFETIME) throw new Refused(401, "unauthorized");
  return payload;
}

async function read(claims) {
  const command = new GetItemCommand({
    TableName: process.env.TABLE_NAME,
    ConsistentRead: true,
    Key: { pk: { S: `U#${claims.sub}` }, sk: { S: "A" } },
  });
  const { Item: item } = await dynamodb.send(command).catch((error) => {
    console.error(error);
    throw new Refused(503, "temporarily_unavailable");
  });
  if (Number(item?.epoch?.N) !== claims.epoch) throw new Refused(401, "unauthorized");
  if (item.status?.S === "disabled") throw new Refused(403, "account_disabled");
  if (item.status?.S !== "active") throw new Refused(401, "unauthorized");
  return item;
}

// RFC 3339 without a fraction's trailing zeros.
const timestamp = (millis) => new Date(millis).toISOString().replace(/\.?0*Z$/, "Z");

const show = (id, item) => ({
  id,
  nickname: item.nickname?.S ?? null,
  avatar_url: null,
  username: item.username?.S ?? null,
  email: item.email?.S ?? null,
  phone: item.phone?.S ?? null,
  role: item.role.S,
  status: item.status.S,
  created_at: timestamp(Number(item.created_at.N)),
  updated_at: timestamp(Number(item.updated_at.N)),
  version: Number(item.version.N),
});

function write(started, wasCold, status, code, requestId) {
  const metrics = [{ Name: "duration_ms", Unit: "Milliseconds" }];
  if (wasCold) metrics.push({ Name: "cold_starts", Unit: "Count" });
  const line = {
    _aws: {
      Timestamp: started,
      CloudWatchMetrics: [
        { Namespace: "WechatMiniProgram", Dimensions: [["function"], ["function", "route"]], Metrics: metrics },
      ],
    },
    code,
    cold_start: wasCold,
    cold_starts: wasCold ? 1 : undefined,
    duration_ms: Date.now() - started,
    function: "users",
    level: status < 500 ? "INFO" : "ERROR",
    message: `${ROUTE} answered ${status}`,
    request_id: requestId,
    route: ROUTE,
    status,
    timestamp: timestamp(started),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

export async function handler(event) {
  const started = Date.now();
  const wasCold = cold;
  cold = false;
  let status = 200;
  let code;
  let body;
  try {
    const claims = await verify(event.headers.authorization);
    body = show(claims.sub, await read(claims));
  } catch (error) {
    status = error.status ?? 500;
    code = error.code ?? "internal";
    body = { status, code };
  }
  write(started, wasCold, status, code, event.requestContext.requestId);
  return {
    statusCode: status,
    headers: { "content-type": code ? "application/problem+json" : "application/json" },
    body: JSON.stringify(body),
    isBase64Encoded: false,
  };
}
