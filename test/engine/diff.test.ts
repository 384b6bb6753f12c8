import { expect, test } from 'vitest';
import { diff } from '../../engine/plugin-command/diff.ts';
import { type Properties, secret } from '../../engine/stand-in/values.ts';

// On the real engine the SDK asks for the replacement too; here it is the plugin alone.
function differences(olds: Properties, news: Properties, ignored: readonly string[] = []) {
  const response = diff(olds, news, ignored).toObject();
  const kinds = ['ADD', 'ADD_REPLACE', 'DELETE', 'DELETE_REPLACE', 'UPDATE', 'UPDATE_REPLACE'];
  return {
    changed: response.diffsList,
    replaces: response.replacesList,
    details: Object.fromEntries(response.detaileddiffMap.map(([path, detail]) => [path, kinds[detail.kind]])),
  };
}

test('a changed trigger replaces, and any other changed input does not', () => {
  expect(differences({ triggers: ['a', 'b'], create: 'x' }, { triggers: ['a', 'c'], create: 'y' })).toEqual({
    changed: ['triggers', 'create'],
    replaces: ['triggers'],
    details: { 'triggers[1]': 'UPDATE_REPLACE', create: 'UPDATE' },
  });
  expect(differences({}, { triggers: [1] }).details).toEqual({ triggers: 'ADD_REPLACE' });
  expect(differences({ triggers: [1] }, {}).replaces).toEqual(['triggers']);
});

test('a map is compared key by key, and a key that is no name is quoted', () => {
  const olds = { environment: { KEPT: '1', GONE: '1', CHANGED: '1' } };
  const news = { environment: { KEPT: '1', CHANGED: '2', 'new-key': '1' } };
  expect(differences(olds, news).details).toEqual({
    'environment.GONE': 'DELETE',
    'environment.CHANGED': 'UPDATE',
    'environment["new-key"]': 'ADD',
  });
});

test('a secret is one value, and a value that becomes secret is a change', () => {
  expect(differences({ stdin: secret('a') }, { stdin: secret('b') }).details).toEqual({ stdin: 'UPDATE' });
  expect(differences({ stdin: 'a' }, { stdin: secret('a') }).details).toEqual({ stdin: 'UPDATE' });
  expect(differences({ stdin: secret('a') }, { stdin: secret('a') }).changed).toEqual([]);
});

test('what is not there equals null, and an ignored change is none', () => {
  expect(differences({ dir: null }, {}).changed).toEqual([]);
  expect(differences({ create: 'x' }, { create: 'y' }, ['create']).changed).toEqual([]);
});
