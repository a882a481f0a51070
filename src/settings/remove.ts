import * as z from 'zod/mini';
import { flag, type Inputs, parseInputs, wholeNumber } from './inputs.js';
import {
  type CommonSettings,
  common,
  commonSettings,
  type DrainSettings,
  drain,
  folderOf,
  keep,
  kept,
  places,
} from './shared.js';

/** Where the things of an endpoint lie that may be removed. */
interface PlaceSettings extends CommonSettings {
  /** Undefined: the bucket of our own. */
  bucket: string | undefined;
  /** Folder of the endpoint in the bucket, with a slash at its end. */
  folder: string;
  ecrRepository: string;
}

export interface PruneSettings extends PlaceSettings {
  mode: 'prune';
  keep: number | 'all';
}

export interface DestroySettings extends PlaceSettings, DrainSettings {
  mode: 'destroy';
  waitMinutes: number;
  /** Whether finished transcripts go, too. */
  deleteData: boolean;
}

const pruneSchema = z.object({ ...common, ...places, ...keep });
const destroySchema = z.object({
  ...common,
  ...places,
  ...drain,
  'wait-minutes': wholeNumber(1, 720, 60),
  'delete-data': flag,
});

/** @throws UserError that lists every bad input */
export function pruneSettings(inputs: Inputs): PruneSettings {
  const given = parseInputs(pruneSchema, inputs);
  return { mode: 'prune', ...placesOf(given), keep: kept(given.keep) };
}

/** @throws UserError that lists every bad input */
export function destroySettings(inputs: Inputs): DestroySettings {
  const given = parseInputs(destroySchema, inputs);
  return {
    mode: 'destroy',
    ...placesOf(given),
    waitMinutes: given['wait-minutes'],
    drainMinutes: given['drain-minutes'],
    whenBusy: given['when-busy'],
    deleteData: given['delete-data'],
  };
}

type Given = z.output<typeof pruneSchema> | z.output<typeof destroySchema>;

const placesOf = (given: Given): PlaceSettings => ({
  ...commonSettings(given),
  bucket: given.bucket,
  folder: folderOf(given.prefix, given['endpoint-name']),
  ecrRepository: given['ecr-repository'],
});
