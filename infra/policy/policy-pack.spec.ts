import { credentials } from '@grpc/grpc-js';
import { jest } from '@jest/globals';
import analyzerGrpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzer from '@pulumi/pulumi/proto/analyzer_pb.js';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { protos } from '../engine/protos.js';
import { policyFactsOf } from '../template/policy-facts.js';
import { renderSpec } from '../testing/render-stack.js';
import { euFacts, specOf } from '../testing/specs.js';
import { resourceRules, stackRules } from './all.js';
import { evaluateResource, evaluateStack } from './evaluate.js';
import { policyPackConfigOf } from './policy-config.js';
import type { PolicyResource } from './policy-rule.js';
import { types } from './resource-types.js';
import '../testing/no-stack-traces.js';

/** The pack is a process of its own that loads the SDK; on a busy machine that takes seconds. */
jest.setTimeout(180_000);

/** As the real `pulumi` starts a pack: its own runner, the pack's folder, and then gRPC. */
const runner = createRequire(import.meta.url).resolve('@pulumi/pulumi/cmd/run-policy-pack');
const pack = join(import.meta.dirname, '..', 'dist', 'policy');
const facts = policyFactsOf(specOf(), euFacts);

let child: ChildProcess;
let client: InstanceType<typeof analyzerGrpc.AnalyzerClient>;

beforeAll(async () => {
  child = spawn(process.execPath, [runner, '127.0.0.1:1', pack], { stdio: ['ignore', 'pipe', 'inherit'] });
  let told = '';
  for await (const chunk of child.stdout!) {
    told += String(chunk);
    if (told.includes('\n')) break;
  }
  client = new analyzerGrpc.AnalyzerClient(`127.0.0.1:${told.trim()}`, credentials.createInsecure());
});
afterAll(async () => {
  client?.close();
  if (child.exitCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
});

const call = <Reply>(work: (done: (error: Error | null, reply: Reply) => void) => void): Promise<Reply> =>
  new Promise((resolve, reject) => work((error, reply) => (error ? reject(error) : resolve(reply))));
const structOf = (value: object) => protos.struct.Struct.fromJavaScript(value as Parameters<typeof protos.struct.Struct.fromJavaScript>[0]);

const asked = <Request extends InstanceType<typeof analyzer.AnalyzeRequest> | InstanceType<typeof analyzer.AnalyzerResource>>(
  request: Request,
  { type, name, inputs, protect }: PolicyResource,
): Request => {
  const options = new analyzer.AnalyzerResourceOptions();
  options.setProtect(protect);
  request.setType(type);
  request.setName(name);
  request.setUrn(`urn:pulumi:eu-2::p::${type}::${name}`);
  request.setProperties(structOf(inputs));
  request.setOptions(options);
  return request;
};
const told = (reply: InstanceType<typeof analyzer.AnalyzeResponse>): string[] =>
  reply
    .getDiagnosticsList()
    .map((d) => `${d.getPolicyname()}: ${d.getMessage().split('\n').at(-1)}`)
    .sort();

test('the pack has every rule, and says of each resource and of the stack what the engine’s own judge says', async () => {
  const info = await call<InstanceType<typeof analyzer.AnalyzerInfo>>((done) => client.getAnalyzerInfo(new protos.empty.Empty(), done));
  expect(
    info
      .getPoliciesList()
      .map((p) => p.getName())
      .sort(),
  ).toEqual([...resourceRules, ...stackRules].map((r) => r.name).sort());

  const configure = new analyzer.ConfigureAnalyzerRequest();
  for (const [rule, properties] of Object.entries(JSON.parse(policyPackConfigOf(facts)) as Record<string, object>)) {
    const config = new analyzer.PolicyConfig();
    config.setEnforcementlevel(analyzer.EnforcementLevel.MANDATORY);
    config.setProperties(structOf(properties));
    configure.getPolicyconfigMap().set(rule, config);
  }
  await call((done) => client.configure(configure, done));

  const { graph } = await renderSpec(specOf());
  const good: readonly PolicyResource[] = graph.filter((r) => r.custom);
  const broken: readonly PolicyResource[] = [
    { type: types.database, name: 'eu-2-database', inputs: { publiclyAccessible: true, instanceClass: 'db.m5.large' }, protect: false },
    { type: types.subnet, name: 'eu-2-far', inputs: { availabilityZone: 'us-east-1a', tags: { stamp: 'eu-1' } }, protect: false },
  ];
  for (const resource of [...good, ...broken]) {
    const request = asked(new analyzer.AnalyzeRequest(), resource);
    const reply = await call<InstanceType<typeof analyzer.AnalyzeResponse>>((done) => client.analyze(request, done));
    expect(told(reply)).toEqual(
      evaluateResource(resource, facts)
        .map((f) => `${f.rule}: ${f.message}`)
        .sort(),
    );
  }
  const stack = new analyzer.AnalyzeStackRequest();
  stack.setResourcesList(broken.map((r) => asked(new analyzer.AnalyzerResource(), r)));
  const reply = await call<InstanceType<typeof analyzer.AnalyzeResponse>>((done) => client.analyzeStack(stack, done));
  const ofStack = new Set(stackRules.map((r) => r.name));
  expect(told(reply)).toEqual(
    evaluateStack(broken, facts)
      .filter((f) => ofStack.has(f.rule))
      .map((f) => `${f.rule}: ${f.resource}: ${f.message}`)
      .sort(),
  );
  expect(told(reply).length).toBeGreaterThan(0);
});
