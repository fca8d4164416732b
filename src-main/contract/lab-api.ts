import { z } from 'zod'
import { WireError } from './errors.ts'
import { RecordingId, SubjectCode } from './ids.ts'
import { AblationGrid, AblationId, AblationResult, AblationStatus, AblationSummary, TableFormat } from './schemas/ablation.ts'
import { AcquisitionStatus, AlarmId, CheckResult, DisplayFilters } from './schemas/acquisition.ts'
import { Consent, DatasetInfoChange, DatasetSummary, Subject, SubjectChange, SubjectInput } from './schemas/dataset.ts'
import { PairedDemo } from './schemas/demo.ts'
import { AcquisitionSource, DetectionEvidence, DeviceProfile, PortInfo } from './schemas/device.ts'
import { Analysis, MeanBeat } from './schemas/analysis.ts'
import { ModalityCoverage } from './schemas/coverage.ts'
import { CurationOverride, CurationResult, CurationRule, DatasetVersion, VersionDiff, VersionSummary } from './schemas/curation.ts'
import { ExportOptions } from './schemas/export.ts'
import { Gallery, LiveIdentification } from './schemas/identity.ts'
import { ImportLook, ImportPreset, ImportPreview, ImportRules } from './schemas/import.ts'
import { JobStatus } from './schemas/job.ts'
import { EngineChoice, EngineStatus, ModelName, Recipe, RecipeName, RecipePreset, RunCheck, RunEpoch, RunId, RunName, RunRecord } from './schemas/learning.ts'
import { AgreementReport, Annotator, BeatTable, Disagreement, Label, LabelChange, LabelEvent, LabelKind, LabelLayer } from './schemas/label.ts'
import { RunComparison, RunReport } from './schemas/report.ts'
import { DatasetSplit, LeakFinding, SplitOptions, SplitReport, SplitSummary } from './schemas/split.ts'
import { RecordingProtocol } from './schemas/protocol.ts'
import { Envelope, Marker, Recording, RecordingListItem } from './schemas/recording.ts'
import { packRecordings, RecordingTable } from './schemas/recording-table.ts'

const nothing = z.object({})
const done = z.object({})

/** How an answer travels when it is large: `pack` makes what is sent, `schema` checks that and gives the answer back. */
interface Packing<O> {
  readonly pack: (output: O) => unknown
  readonly schema: z.ZodType<O>
}

const method = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O, packing: Packing<z.output<O>> | null = null) => ({ input, output, packing })

/**
 * The whole product surface: every request a window or a script can make. One service class per section (the part before
 * the dot). Inputs are validated where they arrive; a wrong one is `request-invalid` with zod's path and reason.
 */
export const labApi = {
  'lab.info': method(
    nothing,
    z.object({
      version: z.string(),
      host: z.enum(['electron', 'serve', 'cli']),
      platform: z.string(),
      station: z.string(),
      /** The host can show a folder picker (Electron); elsewhere a path is typed. */
      canPickFolder: z.boolean(),
      homePath: z.string(),
      defaultDemoPath: z.string(),
    }),
  ),
  'lab.pickFolder': method(nothing, z.object({ path: z.string().nullable() })),

  'dataset.recent': method(nothing, z.array(z.object({ path: z.string(), name: z.string(), openedAt: z.string(), exists: z.boolean() }))),
  'dataset.create': method(z.object({ path: z.string().min(1), name: z.string().min(1) }), DatasetSummary),
  'dataset.open': method(z.object({ path: z.string().min(1) }), DatasetSummary),
  'dataset.close': method(nothing, done),
  /** `null` when none is open. */
  'dataset.current': method(nothing, DatasetSummary.nullable()),
  'dataset.updateInfo': method(DatasetInfoChange, DatasetSummary),
  /** Generates synthetic people and sessions at `path` as a job, then it can be opened. */
  'dataset.createDemo': method(
    z.object({ path: z.string().min(1), seed: z.number().int().default(1), subjects: z.number().int().min(1).max(200).default(6), paired: PairedDemo.nullable().default(null) }),
    JobStatus,
  ),
  'dataset.verify': method(nothing, JobStatus),
  'dataset.recover': method(nothing, JobStatus),

  'subjects.list': method(nothing, z.array(Subject)),
  'subjects.add': method(SubjectInput, Subject),
  'subjects.update': method(z.object({ code: SubjectCode, change: SubjectChange }), Subject),
  'subjects.setConsent': method(z.object({ code: SubjectCode, consent: Consent }), Subject),
  'subjects.suggestCode': method(nothing, z.object({ code: SubjectCode })),
  /** Two codes of one person: `code` becomes another name of `into`, whose recordings include both. */
  'subjects.merge': method(z.object({ code: SubjectCode, into: SubjectCode }), Subject),
  /**
   * Removes recordings, labels, derived files and split entries of a subject for good; a tombstone with the code remains. `confirm` repeats the code.
   */
  'subjects.erase': method(z.object({ code: SubjectCode, confirm: z.string() }), z.object({ recordings: z.array(RecordingId), versions: z.array(z.string()), splits: z.array(z.string()) })),

  'devices.profiles': method(nothing, z.array(DeviceProfile)),
  'devices.ports': method(nothing, z.array(PortInfo)),
  /** Listens passively (about 2 s per baud rate), sends nothing. Cancellable. */
  'devices.detect': method(z.object({ path: z.string().min(1), secondsPerBaud: z.number().positive().max(10).default(2) }), z.array(DetectionEvidence)),
  /** `problems`: files of the dataset's own that are no protocols; they keep nobody from using the others. */
  'protocols.list': method(nothing, z.object({ protocols: z.array(RecordingProtocol), problems: z.array(WireError) })),

  'acquisition.connect': method(AcquisitionSource, AcquisitionStatus),
  'acquisition.disconnect': method(nothing, AcquisitionStatus),
  'acquisition.status': method(nothing, AcquisitionStatus),
  'acquisition.acknowledge': method(z.object({ alarm: AlarmId }), AcquisitionStatus),
  'acquisition.checklist': method(
    z.object({ subject: SubjectCode.nullable(), plannedSeconds: z.number().positive().nullable() }),
    z.array(CheckResult),
  ),

  'record.start': method(
    z.object({
      subject: SubjectCode,
      /** `null`: free recording. */
      protocol: z.string().nullable(),
      plannedSeconds: z.number().positive().nullable().default(null),
      notes: z.string().max(4000).default(''),
      operator: z.string().max(80).default(''),
      /** Required when a check fails; stored in recording.json. */
      overrideReason: z.string().max(400).nullable().default(null),
    }),
    z.object({ id: RecordingId }),
  ),
  /** `atMs`: the sender's wall clock at the key press; 0 = now. */
  'record.marker': method(
    z.object({ code: z.string().min(1).max(40), text: z.string().max(400).default(''), atMs: z.number().default(0) }),
    Marker,
  ),
  'record.nextStep': method(nothing, done),
  /** Finishes, re-reads, verifies and summarises; returns when that is done. */
  'record.stop': method(nothing, Recording),
  'record.annotate': method(z.object({ id: RecordingId, notes: z.string().max(4000) }), Recording),
  /** Keeps the bytes, marks the recording as discarded with its reason. */
  'record.discard': method(z.object({ id: RecordingId, reason: z.string().min(1).max(400) }), Recording),

  /** Starts `view.frame` events for this client. `columns`: the drawing width, for decimation when out of credit. */
  'view.subscribe': method(z.object({ columns: z.number().int().min(16).max(16384) }), z.object({ stream: z.number().int() })),
  'view.unsubscribe': method(nothing, done),
  /** The last frame that was drawn: returns credit. */
  'view.acknowledge': method(z.object({ sequence: z.number().int() }), done),
  'view.filters': method(DisplayFilters, DisplayFilters),
  /** Pause-and-scrub: display-filtered min/max of rows that are still in the live ring (about ten minutes). */
  'view.history': method(z.object({ fromRow: z.number().int(), toRow: z.number().int(), columns: z.number().int().min(1).max(16384) }), Envelope),

  'library.list': method(nothing, z.array(RecordingListItem), { pack: packRecordings, schema: RecordingTable }),
  'library.get': method(z.object({ id: RecordingId }), Recording),
  /** Min/max of stored rows, physical units: thumbnails and the detail trace. */
  'library.envelope': method(
    z.object({
      id: RecordingId, lanes: z.array(z.string()).nullable(), fromRow: z.number().int().min(0), toRow: z.number().int(), columns: z.number().int().min(1).max(16384),
      /** Zero-phase filters for the eye, up to a few minutes of signal; wider windows come back raw, and say so in `filtered`. */
      filters: DisplayFilters.nullable().default(null),
    }),
    Envelope.extend({ filtered: z.boolean() }),
  ),
  /** Detectors' results; `null` when the recording was not analysed yet or has changed since. */
  'library.analysis': method(z.object({ id: RecordingId }), Analysis.nullable()),
  /** Runs the offline detectors on these recordings (`null`: on all without a current analysis) as a job. */
  'library.analyse': method(z.object({ ids: z.array(RecordingId).nullable() }), JobStatus),
  'library.meanBeat': method(z.object({ id: RecordingId, lane: z.string(), annotator: Annotator, outliers: z.number().int().min(0).max(500).default(60) }), MeanBeat),

  'import.presets': method(nothing, z.array(z.object({ preset: ImportPreset, rules: ImportRules }))),
  /** Looks at a file or folder without taking anything. `rules` `null`: the preset that fits best. `limit`: candidates looked at closely. */
  'import.preview': method(z.object({ from: z.string().min(1), rules: ImportRules.nullable().default(null), limit: z.number().int().min(1).max(20_000).default(2000) }), ImportPreview),
  'import.look': method(
    z.object({ from: z.string().min(1), file: z.string(), rules: ImportRules, seconds: z.number().positive().max(120).default(10), columns: z.number().int().min(16).max(4096).default(1000) }),
    ImportLook,
  ),
  /** `files`: leading files of the accepted candidates, or `null` for all. */
  'import.start': method(z.object({ from: z.string().min(1), rules: ImportRules, files: z.array(z.string()).nullable().default(null) }), JobStatus),

  'labels.layers': method(z.object({ id: RecordingId }), z.array(LabelLayer)),
  /** Labels other than beats that overlap the rows. */
  'labels.list': method(z.object({ id: RecordingId, annotator: Annotator, fromRow: z.number().int().default(0), toRow: z.number().int().default(Number.MAX_SAFE_INTEGER) }), z.array(Label)),
  'labels.beats': method(z.object({ id: RecordingId, annotator: Annotator }), BeatTable),
  /**
   * Appends changes, all or none, durably; ids that the layer has already are skipped, so that a window may send its drafts again. A new layer starts from `basis` (a detector's
   * or another annotator's beats) when that is given.
   */
  'labels.append': method(z.object({ id: RecordingId, annotator: Annotator, basis: Annotator.nullable().default(null), changes: z.array(LabelChange).max(200_000) }), LabelLayer),
  /** Every event of one label, oldest first: the label itself, those it supersedes and those that supersede it. */
  'labels.history': method(z.object({ id: RecordingId, annotator: Annotator, label: z.string() }), z.array(LabelEvent)),
  /** `ids` `null`: all recordings that have both layers. */
  'labels.agreement': method(z.object({ ids: z.array(RecordingId).nullable(), annotators: z.tuple([Annotator, Annotator]), kinds: z.array(LabelKind).default(['beat', 'rhythm', 'quality', 'exclude']) }), AgreementReport),
  /** Copies what both agree on into the layer `into` and lists the rest; decisions are appended to `into` like any label. */
  'labels.adjudicate': method(z.object({ id: RecordingId, annotators: z.tuple([Annotator, Annotator]), into: Annotator }), z.object({ layer: LabelLayer, disagreements: z.array(Disagreement) })),

  /** The rules that a new curation begins with. */
  'curation.defaults': method(nothing, z.array(CurationRule)),
  'curation.evaluate': method(z.object({ rules: z.array(CurationRule), overrides: z.array(CurationOverride).default([]) }), CurationResult),
  'versions.list': method(nothing, z.array(VersionSummary)),
  'versions.get': method(z.object({ name: z.string() }), DatasetVersion),
  'versions.create': method(
    z.object({ name: DatasetVersion.shape.name, note: z.string().max(4000).default(''), rules: z.array(CurationRule), overrides: z.array(CurationOverride).default([]) }),
    DatasetVersion,
  ),
  /** Who has which modality, and which recipes for two that allows if everybody trains. `student`: the modality that is learnt; the other one teaches. */
  'versions.coverage': method(z.object({ name: z.string(), student: z.enum(['ecg', 'ppg']).default('ppg') }), ModalityCoverage),
  'versions.diff': method(z.object({ a: z.string(), b: z.string() }), VersionDiff),

  'splits.list': method(nothing, z.array(SplitSummary)),
  'splits.get': method(z.object({ name: z.string() }), SplitReport),
  /** What a split would be, with findings; nothing is written. */
  'splits.preview': method(z.object({ version: z.string(), options: SplitOptions }), SplitReport),
  /** @throws `split-leaks` when a finding blocks. */
  'splits.create': method(z.object({ version: z.string(), name: DatasetSplit.shape.name, options: SplitOptions }), SplitReport),
  /** As `versions.coverage`, of those who train and are tested. Looks at lanes, not at signals: `runs.check` cuts the windows. */
  'splits.coverage': method(z.object({ name: z.string(), student: z.enum(['ecg', 'ppg']).default('ppg') }), ModalityCoverage),
  'splits.check': method(z.object({ name: z.string() }), z.array(LeakFinding)),
  /** VoxCeleb text: `1 enrol probe` or `0 enrol probe` per line, recordings as `SUBJECT/RECORDING`. `total` counts all lines. */
  'splits.trials': method(z.object({ name: z.string(), limit: z.number().int().min(1).max(2_000_000).default(2_000_000) }), z.object({ text: z.string(), genuine: z.number().int(), impostor: z.number().int() })),

  'export.start': method(ExportOptions, JobStatus),

  'learning.engines': method(nothing, z.array(EngineStatus)),
  /** The recipe of a preset with every value filled in, fitted to what the split holds where one is named. */
  'learning.recipe': method(z.object({ recipe: RecipeName, preset: RecipePreset, split: z.string().nullable().default(null) }), Recipe),

  'runs.list': method(nothing, z.array(RunRecord)),
  /** Runs that cannot be read, and are therefore not in the list, with the error of reading. `runs.remove` takes them too. */
  'runs.damaged': method(nothing, z.array(z.object({ id: RunId, code: z.string(), message: z.string() }))),
  'runs.get': method(z.object({ id: RunId }), z.object({ record: RunRecord, epochs: z.array(RunEpoch) })),
  /** What a run of this recipe on this split would be: cuts the windows (a job's time for a large dataset), trains nothing. @throws `training-impossible` with what would do. */
  'runs.check': method(z.object({ split: z.string(), recipe: Recipe }), RunCheck),
  /** Queues a run; it begins when those before it have ended. */
  'runs.start': method(
    z.object({ split: z.string(), recipe: Recipe, preset: RecipePreset.nullable().default(null), seed: z.number().int().min(0).max(2 ** 31 - 1).default(1), name: RunName.default(''), engine: EngineChoice.prefault({}) }),
    RunRecord,
  ),
  /** Saves where it is and ends the trainer's process; `runs.resume` goes on from there. */
  'runs.pause': method(z.object({ id: RunId }), RunRecord),
  'runs.resume': method(z.object({ id: RunId }), RunRecord),
  /** Ends training, keeps the best so far and evaluates it. */
  'runs.stop': method(z.object({ id: RunId }), RunRecord),
  'runs.rename': method(z.object({ id: RunId, name: RunName }), RunRecord),
  /** Removes the run's folder: models, report and templates. `confirm` repeats the id. */
  'runs.remove': method(z.object({ id: RunId, confirm: z.string() }), done),
  'runs.report': method(z.object({ id: RunId }), RunReport),
  /** The report as one self-contained HTML page. */
  'runs.reportPage': method(z.object({ id: RunId }), z.object({ html: z.string() })),
  /** Evaluates again, as a job; the result is the report. */
  'runs.evaluate': method(z.object({ id: RunId }), JobStatus),
  /** Runs of one split and several seeds side by side. */
  'runs.compare': method(z.object({ ids: z.array(RunId).min(2).max(40), beats: z.number().int().min(0).default(1) }), RunComparison),
  /** ONNX, as a job; the result is a `ModelExport`. */
  'runs.exportModel': method(z.object({ id: RunId, model: ModelName, out: z.string().min(1), quantised: z.boolean().default(false) }), JobStatus),

  'ablations.list': method(nothing, z.array(AblationSummary)),
  /** The grids that come with the program, by the paper's table that they are laid out like; to be edited, or started as they are. */
  'ablations.grids': method(nothing, z.array(AblationGrid)),
  'ablations.get': method(z.object({ id: AblationId }), AblationStatus),
  /**
   * Starts a grid, or goes on with it where it is: cells that are finished are not done again. Cells run as a job of the kind `ablation`, one after the other with other runs. `split`: instead of the grid's own.
   * `redis`: shares the cells with other programs that work on the same grid there. @throws `grid-invalid`, `queue-unreachable`, `worker-mismatch`, `state-conflict` while another grid is worked on.
   */
  'ablations.start': method(z.object({ grid: z.unknown(), split: z.string().nullable().default(null), redis: z.string().nullable().default(null) }), AblationStatus),
  /** The same for one that is there. */
  'ablations.resume': method(z.object({ id: AblationId, redis: z.string().nullable().default(null) }), AblationStatus),
  /** The cell under way saves where it is; finished cells stay. */
  'ablations.stop': method(z.object({ id: AblationId }), AblationStatus),
  /** What the finished cells show so far. */
  'ablations.result': method(z.object({ id: AblationId }), AblationResult),
  'ablations.table': method(z.object({ id: AblationId, format: TableFormat }), z.object({ text: z.string() })),

  'identify.gallery': method(z.object({ run: RunId, model: ModelName }), Gallery),
  /** Makes templates of the people in these recordings, as a job; the result is the `Gallery`. */
  'identify.enrol': method(z.object({ run: RunId, model: ModelName, recordings: z.array(RecordingId).min(1) }), JobStatus),
  'identify.remove': method(z.object({ run: RunId, model: ModelName, subject: SubjectCode }), Gallery),
  /** As a job; the result is a `Decision`. `claim`: verify this person. `beats` 0: all of the recording. */
  'identify.recording': method(z.object({ run: RunId, model: ModelName, recording: RecordingId, claim: SubjectCode.nullable().default(null), beats: z.number().int().min(0).max(1000).default(0) }), JobStatus),
  /** Listens to the connected device and decides again and again; told by `identity.live`. @throws `device-not-connected`, `template-not-found`. */
  'identify.live': method(z.object({ run: RunId, model: ModelName, claim: SubjectCode.nullable().default(null), beats: z.number().int().min(1).max(60).default(5) }), LiveIdentification),
  'identify.stopLive': method(nothing, LiveIdentification),
  'identify.liveState': method(nothing, LiveIdentification),

  'jobs.list': method(nothing, z.array(JobStatus)),
  'jobs.cancel': method(z.object({ id: z.string() }), done),
} as const

export type LabApi = typeof labApi
export type MethodName = keyof LabApi
/** What a caller passes (defaults may be left out). */
export type MethodInput<M extends MethodName> = z.input<LabApi[M]['input']>
/** What a service receives (defaults filled in). */
export type MethodRequest<M extends MethodName> = z.output<LabApi[M]['input']>
export type MethodOutput<M extends MethodName> = z.output<LabApi[M]['output']>
