// The AWS clients, made on first use and kept; secrets, limits and transactions on top of them.
import {
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from './http.mjs';

const env = process.env;
const SECRET_KEPT_MS = 5 * 60_000;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 15;

const once = (make) => {
  let made;
  return () => (made ??= make());
};
const config = (endpoint) => ({
  region: env.AWS_REGION,
  endpoint,
  credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY, sessionToken: env.AWS_SESSION_TOKEN },
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000 },
});
const dynamo = once(() => new DynamoDBClient(config(env.AWS_ENDPOINT_URL_DYNAMODB)));
const secretsManager = once(() => new SecretsManagerClient(config(env.AWS_ENDPOINT_URL_SECRETS_MANAGER)));

/** One item of the Accounts table as it is now. */
export async function get(pk, sk) {
  const answer = await dynamo().send(
    new GetItemCommand({ TableName: env.ACCOUNTS_TABLE, Key: marshall({ pk, sk }), ConsistentRead: true }),
  );
  return answer.Item && unmarshall(answer.Item);
}

/** All items of one key of the Accounts table as they are now. */
export async function query(pk) {
  const answer = await dynamo().send(
    new QueryCommand({
      TableName: env.ACCOUNTS_TABLE,
      KeyConditionExpression: 'pk = :address',
      ExpressionAttributeValues: marshall({ ':address': pk }),
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: 3,
    }),
  );
  return (answer.Items ?? []).map((item) => unmarshall(item));
}

/** A write of the Accounts table, for {@link commit}. */
export const put = (item, condition, values) => ({ Put: { Item: marshall(item), ...where(condition, values) } });
export const check = (pk, sk, condition, values) => ({
  ConditionCheck: { Key: marshall({ pk, sk }), ...where(condition, values) },
});
export const remove = (pk, sk, condition, values) => ({ Delete: { Key: marshall({ pk, sk }), ...where(condition, values) } });

function where(condition, values) {
  const named = values && marshall(values);
  return { TableName: env.ACCOUNTS_TABLE, ConditionExpression: condition, ExpressionAttributeValues: named };
}

/** Writes all or nothing. Returns -1, or which write's condition was the first not to hold. */
export async function commit(writes) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await dynamo().send(new TransactWriteItemsCommand({ TransactItems: writes }));
      return -1;
    } catch (error) {
      const codes = (error.CancellationReasons ?? []).map((reason) => reason.Code);
      const at = codes.indexOf('ConditionalCheckFailed');
      if (at >= 0) return at;
      const transient = error.name === 'TransactionInProgressException' || codes.includes('TransactionConflict');
      if (!transient || attempt === ATTEMPTS) throw error;
      await sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random()));
    }
  }
}

/** Counts a try and refuses it where the limit is reached. */
export async function take({ name, tries, windowS }, subject) {
  const window = Math.floor(Date.now() / 1000 / windowS);
  const answer = await dynamo().send(
    new UpdateItemCommand({
      TableName: env.LIMITS_TABLE,
      Key: marshall({ pk: `${name}#${subject}`, sk: String(window) }),
      UpdateExpression: 'ADD hits :one SET expires_at = :end',
      ExpressionAttributeValues: marshall({ ':one': 1, ':end': (window + 2) * windowS }),
      ReturnValues: 'UPDATED_NEW',
    }),
  );
  const allowed = tries * Number(env.RATE_LIMIT_FACTOR || 1);
  if (Number(answer.Attributes.hits.N) > allowed) throw new Problem(429, 'rate_limited');
}

const secrets = new Map();

/** A key set of Secrets Manager, by the setting that holds its ARN; at most five minutes old. */
export async function keySet(setting) {
  const kept = secrets.get(setting);
  if (kept && Date.now() - kept.at < SECRET_KEPT_MS) return kept.set;
  const at = Date.now();
  const answer = await secretsManager().send(new GetSecretValueCommand({ SecretId: env[setting] }));
  const set = JSON.parse(answer.SecretString);
  secrets.set(setting, { at, set });
  return set;
}
