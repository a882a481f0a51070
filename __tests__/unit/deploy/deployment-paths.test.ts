import { describe, expect, test } from '@jest/globals';
import { definesDeployment } from '../../../src/deploy/deployment-paths.js';
import type { ModelSource } from '../../../src/settings/deploy.js';

const HUB: ModelSource = { kind: 'hub', name: 'tiny', revision: 'main', url: 'https://hub', token: undefined };
const folder = (path: string): ModelSource => ({ kind: 'folder', path });
const ENVIRONMENT = {
  GITHUB_REPOSITORY: 'Someone/podcast',
  GITHUB_WORKFLOW_REF: 'someone/podcast/.github/workflows/[deploy].yml@refs/pull/7/merge',
  GITHUB_WORKSPACE: '/runner/space',
};

function matching(paths: string[], deploymentPaths: string[], model = HUB): string[] {
  const defines = definesDeployment({ deploymentPaths, model }, ENVIRONMENT);
  if ('unknown' in defines) throw new Error(defines.unknown);
  return paths.filter(defines.matches);
}

const WORKFLOW = '.github/workflows/[deploy].yml';

describe('the files that define a deployment', () => {
  test('{workflow} is the file of the workflow that runs, letter by letter, and no other', () => {
    const paths = [WORKFLOW, '.github/workflows/d.yml', '.github/workflows/ci.yml', 'README.md'];
    expect(matching(paths, ['{workflow}'])).toEqual([WORKFLOW]);
  });

  test('globs see what begins with a dot; ! excludes; ./ means nothing', () => {
    const paths = ['.github/workflows/a.yml', 'whisper/.env', 'whisper/README.md', 'whisper/a/b.json', 'src/a.ts'];
    expect(matching(paths, ['./whisper/**', '!**/*.md', '.github/**'])).toEqual([
      '.github/workflows/a.yml',
      'whisper/.env',
      'whisper/a/b.json',
    ]);
    expect(matching([WORKFLOW], ['{workflow}', '!.github/**'])).toEqual([]);
  });

  test.each(['./weights', 'weights/', '/runner/space/weights', './a/../weights'])(
    'the folder of weights as %s is one of them, without being named',
    (path) => {
      const paths = ['weights/model.bin', 'weights', 'weights-2/model.bin', 'a/weights/model.bin'];
      expect(matching(paths, ['{workflow}'], folder(path))).toEqual(['weights/model.bin', 'weights']);
    },
  );

  test('weights that are the whole workspace, and weights outside of it', () => {
    expect(matching(['model.bin'], ['{workflow}'], folder('./'))).toEqual(['model.bin']);
    for (const path of ['../weights', '/elsewhere/weights', '~/weights']) {
      expect(matching(['weights/model.bin', 'model.bin'], ['{workflow}'], folder(path))).toEqual([]);
    }
  });

  test('a workflow of another repository: it is not known what defines the deployment', () => {
    const GITHUB_WORKFLOW_REF = 'company/required/.github/workflows/deploy.yml@main';
    const environment = { ...ENVIRONMENT, GITHUB_WORKFLOW_REF };
    expect(definesDeployment({ deploymentPaths: ['{workflow}'], model: HUB }, environment)).toHaveProperty('unknown');
    expect(definesDeployment({ deploymentPaths: ['a'], model: HUB }, environment)).toHaveProperty('matches');
  });

  test('a workflow that the runner does not name can be any', () => {
    const paths = ['.github/workflows/a.yml', '.github/workflows', '.github/dependabot.yml', 'a.yml'];
    const defines = definesDeployment({ deploymentPaths: ['{workflow}'], model: HUB }, {});
    expect('matches' in defines && paths.filter(defines.matches)).toEqual(['.github/workflows/a.yml']);
  });
});
