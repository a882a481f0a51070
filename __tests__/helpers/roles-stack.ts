import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalAws } from '../../script/lib/local-aws.ts';
import type { Statement } from './policy.ts';

const TEMPLATE = join(import.meta.dirname, '..', '..', 'infra', 'cloudformation.yaml');

export type RoleName = 'deploy' | 'plan' | 'transcribe' | 'execution';

/** What a stack of infra/cloudformation.yaml has made, as IAM tells it. */
export interface RolesStack {
  /** The stack's outputs: ARNs. */
  outputs: Record<string, string>;
  /** What each resource of the template became; undefined: nothing. */
  resources: Record<string, string | undefined>;
  /** Of OpenID Connect providers, by their ARN: the answer of IAM. */
  provider(arn: string): Promise<string>;
  /** The statements of a role's policy. */
  statements(role: RoleName): Promise<Statement[]>;
  /** The statements of a role's trust policy, and what else IAM says of the role. */
  role(role: RoleName): Promise<{ trust: Trust[]; text: string }>;
}

export interface Trust {
  Principal: Record<string, string>;
  Action: string;
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** Creates a stack of the template on a local AWS. The requests go out as the AWS CLI would send them. */
export async function createRolesStack(
  aws: LocalAws,
  StackName: string,
  parameters: Record<string, string>,
): Promise<RolesStack> {
  const template = await readFile(TEMPLATE, 'utf8');
  const given = Object.entries(parameters).flatMap(([name, value], index) => [
    [`Parameters.member.${index + 1}.ParameterKey`, name],
    [`Parameters.member.${index + 1}.ParameterValue`, value],
  ]);
  const cloudformation = (Action: string, more: Record<string, string> = {}) =>
    query(aws, 'cloudformation', { Action, Version: '2010-05-15', StackName, ...more });
  const iam = (Action: string, more: Record<string, string>) =>
    query(aws, 'iam', { Action, Version: '2010-05-08', ...more });
  await cloudformation('CreateStack', {
    TemplateBody: template,
    'Capabilities.member.1': 'CAPABILITY_NAMED_IAM',
    ...Object.fromEntries(given),
  });
  const stack = await cloudformation('DescribeStacks');
  const made = pairs(await cloudformation('DescribeStackResources'), 'LogicalResourceId', 'PhysicalResourceId');
  const names = [...template.matchAll(/^ {2}(\w+):\n {4}Type: AWS::IAM::\w+$/gm)].map(([, name = '']) => name);
  const outputs = pairs(stack, 'OutputKey', 'OutputValue');
  const roleName = (role: RoleName) => made[`${role[0]?.toUpperCase()}${role.slice(1)}Role`] ?? '';
  return {
    outputs,
    resources: Object.fromEntries(names.map((name) => [name, made[name]])),
    provider: (OpenIDConnectProviderArn) => iam('GetOpenIDConnectProvider', { OpenIDConnectProviderArn }),
    statements: async (role) => {
      const answer = await iam('GetRolePolicy', { RoleName: roleName(role), PolicyName: role });
      return statementsIn(answer, 'PolicyDocument') as Statement[];
    },
    role: async (role) => {
      const text = await iam('GetRole', { RoleName: roleName(role) });
      return { trust: statementsIn(text, 'AssumeRolePolicyDocument') as Trust[], text };
    },
  };
}

async function query(aws: LocalAws, service: string, parameters: Record<string, string>): Promise<string> {
  const credential = `Credential=${aws.environment['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/${service}/aws4_request`;
  const response = await fetch(aws.environment['AWS_ENDPOINT_URL'] ?? '', {
    method: 'POST',
    body: new URLSearchParams(parameters),
    headers: { Authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0` },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${parameters['Action']}: ${response.status} ${text}`);
  return text;
}

/** The text of two elements that stand in this order in each entry of a list, the one by the other. */
function pairs(xml: string, key: string, value: string): Record<string, string> {
  const entries = xml.split('<member>').map((entry) => [textOf(entry, key), textOf(entry, value)]);
  return Object.fromEntries(entries.filter(([name]) => name !== undefined)) as Record<string, string>;
}

const textOf = (xml: string, element: string): string | undefined =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];

/** IAM gives policies as URL-encoded JSON, moto as JSON in XML. */
function statementsIn(xml: string, element: string): unknown[] {
  const text = decodeURIComponent(textOf(xml, element) ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"');
  return (JSON.parse(text) as { Statement: unknown[] }).Statement;
}
