import fc from 'fast-check'

// The same cases on every machine, so that a red run is about the change in it. PULSEPRINT_SEED=$RANDOM searches on.
fc.configureGlobal({ seed: Number(process.env.PULSEPRINT_SEED ?? 20261123) })
