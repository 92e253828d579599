/**
 * What the engine can be asked for: the jobs, with settings that hold every default, and a listener that hears how far they
 * are. This is where a program that uses the engine as a library begins; the command line is one such program, and does
 * nothing but read arguments into settings and print results.
 *
 * <p>{@link org.espalier.job.Engine} says where jobs compute and who hears of them. A job is made from an engine and its
 * settings, and run on a model: a folder with {@code config.json}, safetensors and a tokenizer, or a GGUF file. What it
 * writes goes to a {@link org.espalier.job.Destination}, where it appears whole or not at all:
 *
 * <pre>{@code
 * Engine engine = Engine.silent();
 * PruneSettings settings = PruneSettings.defaults().ratio(0.2).calibrateOn(Path.of("books.txt"));
 * PruneJob.Result pruned = new PruneJob(engine, settings).run(Path.of("model"), Destination.at(Path.of("pruned")));
 * }</pre>
 *
 * <table>
 * <caption>Jobs</caption>
 * <tr><th>job</th><th>settings</th><th>what it does</th></tr>
 * <tr><td>{@link org.espalier.job.PruneJob}</td><td>{@link org.espalier.job.PruneSettings}</td><td>makes a model
 * smaller: scores, plans, cuts</td></tr>
 * <tr><td>{@link org.espalier.job.ScoreJob}</td><td>{@link org.espalier.job.ScoreSettings}</td><td>the first step of
 * it alone</td></tr>
 * <tr><td>{@link org.espalier.job.PlanJob}</td><td>{@link org.espalier.job.PlanSettings}</td><td>the second</td></tr>
 * <tr><td>{@link org.espalier.job.CompactJob}</td><td>{@link org.espalier.job.CompactSettings}</td><td>the
 * third</td></tr>
 * <tr><td>{@link org.espalier.job.TuneJob}</td><td>{@link org.espalier.job.TuneSettings}</td><td>trains a model back
 * with adapters</td></tr>
 * <tr><td>{@link org.espalier.job.MergeJob}</td><td></td><td>adds an adapter to the weights</td></tr>
 * <tr><td>{@link org.espalier.job.PerplexityJob}</td><td>{@link org.espalier.job.PerplexitySettings}</td><td>measures
 * quality</td></tr>
 * <tr><td>{@link org.espalier.job.SpeedJob}</td><td>{@link org.espalier.job.SpeedSettings}</td><td>measures
 * speed</td></tr>
 * <tr><td>{@link org.espalier.job.CompareJob}</td><td>{@link org.espalier.job.CompareSettings}</td><td>measures
 * several models by all of it</td></tr>
 * <tr><td>{@link org.espalier.job.PipelineJob}</td><td>{@link org.espalier.job.PipelineSettings}</td><td>prunes,
 * tunes, merges and compares</td></tr>
 * <tr><td>{@link org.espalier.job.GenerateJob}</td><td>{@link org.espalier.job.GenerateSettings}</td><td>continues a
 * text</td></tr>
 * <tr><td>{@link org.espalier.job.serve.CompletionService}</td><td>{@link org.espalier.job.ServeSettings}</td><td>continues
 * many texts at once</td></tr>
 * <tr><td>{@link org.espalier.job.InfoJob}</td><td></td><td>looks what a model consists of</td></tr>
 * <tr><td>{@link org.espalier.job.GroupsJob}</td><td></td><td>finds what must be removed together</td></tr>
 * <tr><td>{@link org.espalier.job.TokenizeJob}</td><td></td><td>turns a text or a conversation into token ids</td></tr>
 * <tr><td>{@link org.espalier.job.ReportJob}</td><td></td><td>makes a page of what runs left</td></tr>
 * </table>
 *
 * <p>Everything that goes wrong and that a person can mend is an {@link org.espalier.error.Failure}, which says in one line
 * what it was, where, and what to do. A number that makes no sense in any job is an {@link IllegalArgumentException}.
 *
 * <p>The package may know every other room of the library; none of them knows it, and only the command line stands above.
 */
package org.espalier.job;
