import { describe, expect, test } from 'vitest';
import { settingsReader } from './settings.ts';
import { optionsOf, read } from './test-support/read.ts';

describe('settings of ours', () => {
  const given = {
    custom_remote_sync: 'always',
    custom_remote_buffer_max_bytes: '1000',
    custom_remote_buffer_max_age: '60',
    custom_remote_buffer_min_free_bytes: '0',
    custom_remote_batch_results: 'true',
    custom_remote_distributed_max_age: '30',
  };

  test('come from the options of the configuration', () => {
    const { settings, warnings } = read(given);
    expect(settings.own).toEqual({
      sync: 'always',
      bufferMaxBytes: 1000,
      bufferMaxAgeS: 60,
      bufferMinFreeBytes: 0,
      batchResults: true,
      distributedMaxAgeS: 30,
    });
    expect(warnings).toEqual([]);
  });

  test('come from the environment first', () => {
    const { settings } = read(given, {
      OSQUERY_REMOTE_SYNC: ' never ',
      OSQUERY_REMOTE_BUFFER_MAX_BYTES: '2000',
      OSQUERY_REMOTE_BATCH_RESULTS: '0',
      OSQUERY_REMOTE_BUFFER_MAX_AGE: '',
    });
    expect(settings.own).toMatchObject({
      sync: 'never',
      bufferMaxBytes: 2000,
      batchResults: false,
      bufferMaxAgeS: 60,
    });
  });

  test.each([
    ['sync', 'sometimes', 'never, interval or always'],
    ['buffer_max_bytes', '1 GB', 'a whole number, 0 or more'],
    ['buffer_max_age', '-1', 'a whole number, 0 or more'],
    ['buffer_min_free_bytes', '1.5', 'a whole number, 0 or more'],
    ['batch_results', 'maybe', 'true or false'],
    ['distributed_max_age', '99999999999999999999', 'a whole number, 0 or more'],
  ])('%s that is "%s" is told and ignored', (name, text, takes) => {
    const none = read({}).settings.own;
    const ofConfig = read({ [`custom_remote_${name}`]: text });
    expect(ofConfig.settings.own).toEqual(none);
    expect(ofConfig.warnings).toEqual([
      `custom_remote_${name} is "${text}"; it takes ${takes}, so it is ignored`,
    ]);
    const variable = `OSQUERY_REMOTE_${name.toUpperCase()}`;
    const ofEnvironment = read({}, { [variable]: text });
    expect(ofEnvironment.settings.own).toEqual(none);
    expect(ofEnvironment.warnings).toEqual([`${variable} is "${text}"; it takes ${takes}, so it is ignored`]);
  });

  test.each(['store', 'transport', 'node'])('%s cannot come from a server', (name) => {
    const { settings, warnings } = read({ [`custom_remote_${name}`]: '/tmp/evil.ts' });
    expect(settings).toEqual(read({}).settings);
    expect(warnings).toEqual([
      `custom_remote_${name} is ignored: it is taken from the environment only, as OSQUERY_REMOTE_${name.toUpperCase()}`,
    ]);
  });

  test('what is wrong is told once, however often they are read', () => {
    const warnings: string[] = [];
    const reader = settingsReader({}, (text) => warnings.push(text));
    reader(optionsOf({ custom_remote_sync: 'x' }), '');
    reader(optionsOf({ custom_remote_sync: 'x', custom_remote_store: '/x' }), '');
    reader(optionsOf({ custom_remote_sync: 'y' }), '');
    expect(warnings).toHaveLength(3);
  });
});
