import { describe, expect, test } from '@jest/globals';
import { marked } from 'marked';
import { commitMessage } from '../../../src/transcribe/publish/message.js';
import { pullRequestBody } from '../../../src/transcribe/publish/pull-request-body.js';

const files = ['a', 'b', 'c'].map((name) => ({
  audio: `${name}.mp3`,
  state: 'reused' as const,
  transcripts: [`${name}.txt`, `${name}.srt`],
}));
const place = { bucket: 'b', prefix: 'p/' };

describe('the message of a commit', () => {
  const message = (template: string, changed: string[], environment = {}) =>
    commitMessage(template, { files, removed: ['gone.txt'], feeds: ['feed.xml'], place }, changed, environment);

  test('counts the audio files whose transcripts changed', () => {
    expect(message('Add {count} transcripts', ['a.txt', 'a.srt', 'c.srt', 'gone.txt'])).toBe('Add 2 transcripts');
    expect(message('Add {count} transcripts', ['gone.txt'])).toBe('Remove 1 transcript');
    expect(message('Add {count} transcripts', ['feed.xml'])).toBe("Bring the feeds' transcript tags up to date");
  });

  test('keeps its lines and loses other control characters; an unknown word in braces is text', () => {
    expect(message('{what}?\r\n\nBy {run}\u0007.', ['a.txt'])).toBe('{what}?\n\nBy .');
  });
});

describe('the text of a pull request', () => {
  const run = 'https://github.com/o/r/actions/runs/1';

  test('shows names as they are, whatever is in them', () => {
    const names = ['``` @someone #1 <b>.txt', '````.txt', 'a\nb.txt'];
    const html = marked.parse(pullRequestBody({ files: names, run }), { async: false });
    const [, code] = /<pre><code[^>]*>([\s\S]*)<\/code><\/pre>\s*$/.exec(html) ?? [];
    expect(code?.trimEnd()).toBe('``` @someone #1 &lt;b&gt;.txt\n````.txt\na\\u000ab.txt');
  });

  test('is no longer than GitHub takes, and says how much is left out', () => {
    const names = Array.from({ length: 5000 }, (_, index) => `transcripts/episode ${index}.txt`);
    const body = pullRequestBody({ files: names, run });
    expect(body.length).toBeLessThanOrEqual(65_536);
    const shown = body.split('\n').filter((line) => line.startsWith('transcripts/')).length;
    expect(shown).toBeGreaterThan(1000);
    expect(body).toContain(`And ${5000 - shown} more.`);
    expect(body).toContain('5000 files');
  });
});
