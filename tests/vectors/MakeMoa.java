/* Runs MOA's ALUncertainty on made-up samples and records each step: tests/vectors/make runs it, with the version it pins.
 *
 * One line a sample: rule, budget, classes, utility (1 - p1), the number that the rule's generator gave or held ready, whether it asked, and its
 * threshold after the step. Utilities have nine bits behind the leading one, as winnowd keeps them. The base learner is ours: a sample's attributes
 * are its prediction, and training does nothing. */
import com.yahoo.labs.samoa.instances.Attribute;
import com.yahoo.labs.samoa.instances.DenseInstance;
import com.yahoo.labs.samoa.instances.Instance;
import com.yahoo.labs.samoa.instances.Instances;
import com.yahoo.labs.samoa.instances.InstancesHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import moa.classifiers.AbstractClassifier;
import moa.classifiers.active.ALUncertainty;
import moa.core.Measurement;

public class MakeMoa {
    static final int STEPS = 200;

    static class Given extends AbstractClassifier {
        @Override public double[] getVotesForInstance(Instance sample) {
            double[] votes = new double[sample.numAttributes() - 1];
            for (int c = 0; c < votes.length; c++) votes[c] = sample.value(c);
            return votes;
        }
        @Override public void resetLearningImpl() {}
        @Override public void trainOnInstanceImpl(Instance sample) {}
        @Override protected Measurement[] getModelMeasurementsImpl() { return new Measurement[0]; }
        @Override public void getModelDescription(StringBuilder out, int indent) {}
        @Override public boolean isRandomizable() { return false; }
    }

    /* Says beforehand what it will give next. */
    static class Ready extends Random {
        final Random source;
        double gaussian, uniform;
        Ready(long seed) {
            source = new Random(seed);
            gaussian = source.nextGaussian();
            uniform = source.nextDouble();
        }
        @Override public double nextGaussian() {
            double given = gaussian;
            gaussian = source.nextGaussian();
            return given;
        }
        @Override public double nextDouble() {
            double given = uniform;
            uniform = source.nextDouble();
            return given;
        }
    }

    static class Rule extends ALUncertainty {
        final Ready ready;
        Rule(String name, double budget, long seed) {
            baseLearnerOption.setCurrentObject(new Given());
            activeLearningStrategyOption.setChosenLabel(name);
            budgetOption.setValue(budget);
            prepareForUse();
            ready = new Ready(seed);
            classifierRandom = ready;
        }
    }

    static double rounded(double u) {
        double unit = Math.ulp(u) * (1L << 43);
        return Math.rint(u / unit) * unit;
    }

    /* Anything, then sure ones (credit is banked), then one value for long, then anything. */
    static double utility(Random random, int step, double most) {
        double u = 0.001 + random.nextDouble() * (most - 0.001);
        if (step >= 60 && step < 120) u = Math.min(u, most) / 10;
        if (step >= 140 && step < 180) u = most / 2;
        return rounded(u);
    }

    static InstancesHeader header(int classes) {
        List<Attribute> attributes = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        for (int c = 0; c < classes; c++) attributes.add(new Attribute("p" + c));
        for (int c = 0; c < classes; c++) labels.add("c" + c);
        attributes.add(new Attribute("class", labels));
        Instances all = new Instances("given", attributes, 0);
        all.setClassIndex(classes);
        return new InstancesHeader(all);
    }

    static Instance sample(InstancesHeader header, double u, int classes) {
        Instance s = new DenseInstance(classes + 1);
        s.setDataset(header);
        for (int c = 0; c < classes; c++) s.setValue(c, c == 0 ? 1 - u : u / (classes - 1));
        s.setClassValue(0);
        return s;
    }

    static void run(String name, String moa, double budget, int classes, long seed) {
        Rule rule = new Rule(moa, budget, seed);
        Random random = new Random(seed + 1000);
        InstancesHeader header = header(classes);
        for (int step = 0; step < STEPS; step++) {
            double u = utility(random, step, 1 - 1.0 / classes);
            double draw = moa.equals("SelSampling") ? rule.ready.uniform : rule.ready.gaussian + 1;
            int before = rule.costLabeling;
            rule.trainOnInstance(sample(header, u, classes));
            boolean draws = moa.equals("SelSampling") || moa.equals("RandVarUncertainty"), steps = moa.contains("Var");
            System.out.println(String.format(Locale.ROOT, "%s,%s,%d,%s,%s,,%d,%s", name, budget, classes, u, draws ? draw : "", rule.costLabeling - before, steps ? String.format(Locale.ROOT, "%.12g", rule.newThreshold) : ""));
        }
    }

    public static void main(String[] arguments) {
        String[][] rules = {{"fixed", "FixedUncertainty"}, {"variable", "VarUncertainty"}, {"random_variable", "RandVarUncertainty"}, {"margin_probability", "SelSampling"}};
        System.out.println("rule,budget,classes,utility,draw,draw2,asked,theta");
        for (int r = 0; r < rules.length; r++) {
            run(rules[r][0], rules[r][1], 0.05, 2, r + 1);
            run(rules[r][0], rules[r][1], 0.25, 4, r + 11);
            run(rules[r][0], rules[r][1], 0.7, 3, r + 21);
        }
    }
}
